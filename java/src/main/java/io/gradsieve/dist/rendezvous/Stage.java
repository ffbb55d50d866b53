package io.gradsieve.dist.rendezvous;

/** How far a job has come, as its {@link Coordinator} sees it. */
public enum Stage {
  /** Workers gather for the next generation. */
  FORMING,
  /** A generation trains. */
  RUNNING,
  /** All are done and leave. */
  ENDING,
  /** Nothing more will happen. */
  ENDED
}
