/**
 * CSV files: named columns, rows of cells, strict numbers. Uses {@code format}; never decides what
 * a column means. Read {@link io.gradsieve.format.csv.CsvTable} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.csv;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
