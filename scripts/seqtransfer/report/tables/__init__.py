"""Result records -> the tables of the report: data frames in, data frames out."""
