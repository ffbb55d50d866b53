/**
 * The rules of the house as tests: {@code ArchitectureTest} (directions between packages), {@code
 * ConventionsTest} (names, leftovers, sizes, operations). A rule's failure says where and what to
 * do instead. Read {@code ConventionsTest} first.
 */
@NullMarked
package io.gradsieve.conventions;

import org.jspecify.annotations.NullMarked;
