"""What tests judge and show without any network: made by hand (`survey`), or by hypothesis."""
