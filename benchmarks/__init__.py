"""What is measured against peers and against the limit; ratios in one run, never a timed test."""
