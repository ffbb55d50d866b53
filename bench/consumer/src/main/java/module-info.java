/** A program as a module of its own; on a class path this file says nothing. */
module org.example.consumer {
  requires io.gradsieve.engine;
}
