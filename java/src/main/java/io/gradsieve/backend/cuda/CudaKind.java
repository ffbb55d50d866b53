package io.gradsieve.backend.cuda;

import io.gradsieve.backend.layout.KindLayout;
import io.gradsieve.graph.Kind;
import io.gradsieve.plan.Operation;

/**
 * How a GPU lays out and runs the nodes of one kind.
 *
 * @param <K> the kind
 */
interface CudaKind<K extends Kind> extends KindLayout<K> {
  /** An operation that begins with a node of this kind, on the memory of a network. */
  CudaOperation operation(K kind, Operation operation, CudaNetwork network);
}
