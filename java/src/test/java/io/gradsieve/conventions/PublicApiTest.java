package io.gradsieve.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.gradsieve.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is promised to those who link the engine, and that it speaks of nothing else. */
class PublicApiTest {
  private static final String ROOT = "io.gradsieve";

  /** Whoever adds to it promises it: nothing may go from here, nor change, within a version. */
  private static final Set<String> PROMISED =
      Set.of(
          "GradsieveException",
          "Internal",
          "api.Loop",
          "api.Model",
          "api.Samples",
          "api.Scores",
          "api.Sieve",
          "api.Suspect",
          "api.Trained",
          "api.Training",
          "sieve.EpochPlan",
          "sieve.Score",
          "train.EpochMetrics",
          "train.Evaluation",
          "train.EventStream",
          "train.StepValues",
          "train.StopRequest",
          "train.TrainingEvent",
          "train.TrainingListener",
          "train.TrainingResult");

  private final JavaClasses engine =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static boolean isOfAnotherArtifact(JavaClass type) {
    return type.getPackageName().startsWith(ROOT + ".natives");
  }

  private static boolean isInternal(JavaClass type) {
    JavaClass top = type;
    while (top.getEnclosingClass().isPresent()) {
      top = top.getEnclosingClass().get();
    }
    return top.isAnnotatedWith(Internal.class) || top.getPackage().isAnnotatedWith(Internal.class);
  }

  private Stream<JavaClass> promised() {
    return engine.stream()
        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
        .filter(type -> !isOfAnotherArtifact(type) && !isInternal(type));
  }

  @Test
  void everyPublicTypeIsPromisedOrMarkedInternal() {
    Set<String> names = new TreeSet<>();
    promised()
        .filter(type -> type.getEnclosingClass().isEmpty())
        .forEach(type -> names.add(type.getName().substring(ROOT.length() + 1)));
    assertThat(names).as("types without @Internal").isEqualTo(new TreeSet<>(PROMISED));
  }

  @Test
  void whatIsPromisedSpeaksOnlyOfWhatIsPromised() {
    List<String> leaks = new ArrayList<>();
    promised()
        .forEach(
            type -> {
              type.getCodeUnits().stream()
                  .filter(PublicApiTest::isOpen)
                  .forEach(unit -> spokenOf(unit).forEach(t -> add(leaks, unit.getFullName(), t)));
              type.getFields().stream()
                  .filter(field -> field.getModifiers().contains(JavaModifier.PUBLIC))
                  .forEach(field -> add(leaks, field.getFullName(), field.getRawType()));
            });
    assertThat(leaks).as("internal types in what is promised").isEmpty();
  }

  private static boolean isOpen(JavaCodeUnit unit) {
    return unit.getModifiers().contains(JavaModifier.PUBLIC)
        || unit.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static Stream<JavaClass> spokenOf(JavaCodeUnit unit) {
    Stream<JavaClass> parameters =
        unit.getParameterTypes().stream().flatMap(type -> type.getAllInvolvedRawTypes().stream());
    return Stream.concat(parameters, unit.getReturnType().getAllInvolvedRawTypes().stream());
  }

  private static void add(List<String> leaks, String where, JavaClass type) {
    JavaClass base = type.getBaseComponentType();
    if (base.getPackageName().startsWith(ROOT) && isInternal(base)) {
      leaks.add(where + " speaks of " + base.getName());
    }
  }
}
