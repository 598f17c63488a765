"""Files for spreadsheets and other tools, made from the same assessment as the report."""
