"""Questions asked of a package: what is. What is acceptable is the profile's to say."""
