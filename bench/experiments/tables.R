# Writes the tables of the grid prune, label last: Rscript bench/experiments/tables.R (Debian: r-cran-mlbench).
# Letters (Frey and Slate 1991) and Satellite (Statlog) of the UCI repository; CC BY 4.0 there.
library(mlbench)
directory <- "bench/experiments/data"
dir.create(directory, showWarnings = FALSE, recursive = TRUE)
export <- function(table, label, name) {
  inputs <- table[, names(table) != label]
  write.csv(cbind(inputs, label = table[[label]]), file.path(directory, name),
            row.names = FALSE, quote = FALSE)
}
data(LetterRecognition)
export(LetterRecognition, "lettr", "letter.csv")
data(Satellite)
export(Satellite, "classes", "satellite.csv")
