"""What the command line says, in English and in Czech."""
