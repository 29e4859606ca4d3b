"""How facts are shown: one file per subject, one theme, one JSON envelope, one way to print."""
