package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResourcesTest {
  @Test
  void allAreClosedInReverseEvenIfSomeFail() {
    List<String> closed = new ArrayList<>();
    Resources resources = new Resources();
    resources.add(() -> closed.add("first"));
    resources.add(
        () -> {
          throw new IllegalStateException("second");
        });
    resources.add(
        () -> {
          throw new IllegalArgumentException("third");
        });
    resources.add(() -> closed.add("fourth"));
    assertThatThrownBy(resources::close)
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(closed).containsExactly("fourth", "first");
  }
}
