package io.gradsieve.algebra;

/**
 * All of a symmetric matrix of n rows.
 *
 * @param values ascending
 * @param vectors [n][n], of norm 1 and orthogonal; row i belongs to value i
 */
public record Eigenpairs(double[] values, double[][] vectors) {}
