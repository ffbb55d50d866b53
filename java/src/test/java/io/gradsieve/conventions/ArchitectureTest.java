package io.gradsieve.conventions;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.members;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Which package may use which, and who may change what. */
class ArchitectureTest {
  private static final String ROOT = "io.gradsieve";

  private static final Set<String> FACTORIES =
      Set.of(ROOT + ".backend.Backends", ROOT + ".data.DataSource");

  /** What each package, with its subpackages, may use, besides itself and the root. */
  private static final Map<String, List<String>> MAY_USE = new TreeMap<>();

  static {
    MAY_USE.put("natives", List.of());
    MAY_USE.put("algebra", List.of("natives"));
    MAY_USE.put("format", List.of());
    MAY_USE.put("data", List.of("format"));
    MAY_USE.put("sieve", List.of());
    MAY_USE.put("graph", List.of());
    MAY_USE.put("plan", List.of("graph"));
    MAY_USE.put("compile", List.of("graph", "plan"));
    MAY_USE.put("backend", List.of("data", "graph", "plan", "compile", "natives"));
    MAY_USE.put("nn", List.of("graph", "format"));
    MAY_USE.put("optim", List.of("plan"));
    MAY_USE.put("dist", List.of("natives", "plan", "backend"));
    MAY_USE.put(
        "config", List.of("format", "data", "sieve", "plan", "backend", "nn", "optim", "dist"));
    List<String> below =
        List.of("data", "sieve", "graph", "plan", "backend", "nn", "optim", "dist", "config");
    MAY_USE.put("train", below);
    MAY_USE.put("filter", and(below, "format", "train"));
    MAY_USE.put("run", and(MAY_USE.get("filter"), "filter"));
    MAY_USE.put("scoring", and(MAY_USE.get("run"), "run"));
    MAY_USE.put("api", and(MAY_USE.get("scoring"), "scoring"));
    MAY_USE.put("landscape", and(MAY_USE.get("scoring"), "scoring", "algebra"));
    MAY_USE.put(
        "diagnose",
        List.of(
            "natives", "format", "data", "sieve", "plan", "backend", "nn", "optim", "config",
            "train"));
    MAY_USE.put(
        "cli", and(MAY_USE.get("diagnose"), "run", "scoring", "landscape", "diagnose", "dist"));
  }

  private final JavaClasses engine =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @TestFactory
  Stream<DynamicTest> aPackageUsesOnlyWhatItMay() {
    return MAY_USE.keySet().stream()
        .map(
            name ->
                DynamicTest.dynamicTest(
                    name,
                    () ->
                        classes()
                            .that()
                            .resideInAPackage(ROOT + "." + name + "..")
                            .should()
                            .onlyDependOnClassesThat(allowedFor(name))
                            .allowEmptyShould(true)
                            .check(engine)));
  }

  @Test
  void theRootUsesNothingOfOurs() {
    classes()
        .that()
        .resideInAPackage(ROOT)
        .should()
        .onlyDependOnClassesThat(
            DescribedPredicate.describe(
                "are not in a package of ours",
                type -> !ours(type) || type.getPackageName().equals(ROOT)))
        .check(engine);
  }

  @Test
  void everyPackageHasItsRow() {
    classes()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .resideInAnyPackage(
            MAY_USE.keySet().stream().map(name -> ROOT + "." + name + "..").toArray(String[]::new))
        .because("a new package needs a row in ArchitectureTest and in docs/architecture.md")
        .check(engine);
  }

  /** How a device lays out and runs a network is not the network's business. */
  @Test
  void networksAndGraphsMentionNoDevice() {
    String devices = "(?i).*(lane|block|arena|scratch|tile|backend).*";
    classes()
        .that()
        .resideInAnyPackage(ROOT + ".nn..", ROOT + ".graph..")
        .should()
        .haveNameNotMatching(devices)
        .check(engine);
    members()
        .that()
        .areDeclaredInClassesThat()
        .resideInAnyPackage(ROOT + ".nn..", ROOT + ".graph..")
        .should()
        .haveNameNotMatching(devices)
        .check(engine);
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + ".nn..", ROOT + ".graph..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + ".backend..", ROOT + ".compile..", ROOT + ".plan..")
        .check(engine);
  }

  /** The compiler asks traits: a new kind of node changes nothing there. */
  @Test
  void theCompilerKnowsNoKindOfNode() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".compile..")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are kinds of nodes",
                type ->
                    type.isAssignableTo(ROOT + ".graph.Kind")
                        && !type.getName().equals(ROOT + ".graph.Kind")))
        .check(engine);
  }

  /** Whoever waits for another process waits for ever if that one is gone. */
  @Test
  void nothingThatWorkersDoWaitsWithoutADeadline() {
    Set<String> waits =
        Set.of(
            "await",
            "get",
            "join",
            "sync",
            "waitFor",
            "acquire",
            "take",
            "syncUninterruptibly",
            "awaitUninterruptibly");
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".dist..")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "waits without a deadline",
                call ->
                    waits.contains(call.getName())
                        && call.getTarget().getRawParameterTypes().isEmpty()
                        && isWaited(call.getTargetOwner())))
        .check(engine);
  }

  private static boolean isWaited(JavaClass owner) {
    return Stream.of(
            "java.util.concurrent.Future",
            "java.util.concurrent.CountDownLatch",
            "java.util.concurrent.Semaphore",
            "java.util.concurrent.BlockingQueue",
            "java.util.concurrent.locks.Condition",
            "java.lang.Thread",
            "java.lang.Process",
            "io.netty.util.concurrent.Future")
        .anyMatch(owner::isAssignableTo);
  }

  /** A parent's one factory may name the kinds in its subpackages. */
  @Test
  void noPackageIsInACircleWithAnother() {
    slices()
        .matching(ROOT + ".(**)")
        .should()
        .beFreeOfCycles()
        .ignoreDependency(
            DescribedPredicate.describe(
                "are factories", type -> FACTORIES.contains(outermost(type).getFullName())),
            DescribedPredicate.alwaysTrue())
        .check(engine);
  }

  /** What a run's files are like is {@code run}'s business. */
  @Test
  void theLoopKnowsNoFileFormat() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".train..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            ROOT + ".format..",
            "com.fasterxml.jackson..",
            "de.siegmar.fastcsv..",
            "org.yaml.snakeyaml..")
        .check(engine);
  }

  @Test
  void onlyTheLoopWritesWhereItStands() {
    String state = ROOT + ".train.TrainingState";
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName(ROOT + ".train.Trainer")
        .and()
        .doNotHaveFullyQualifiedName(state)
        .should()
        .callMethodWhere(
            target(owner(name(state)))
                .and(target(nameMatching("learn|begin|record|endStep|addTime|rescored|endEpoch"))))
        .check(engine);
  }

  @Test
  void onlyTheStateCounts() {
    String account = ROOT + ".train.EpochAccount";
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName(ROOT + ".train.TrainingState")
        .and()
        .doNotHaveFullyQualifiedName(account)
        .should()
        .callMethodWhere(
            target(owner(name(account)))
                .and(target(nameMatching("set|begin|add|endStep|addTime|addForwardOnly"))))
        .check(engine);
  }

  /**
   * Training's table is the loop's; scoring and other loops fill tables of their own, codecs those
   * they read.
   */
  @Test
  void fewMayTouchAScoreTable() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName(ROOT + ".train.TrainingState")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".scoring.ScoredSamples")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".api.Sieve")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".sieve.ScoreTable")
        .should()
        .callMethodWhere(
            target(owner(name(ROOT + ".sieve.ScoreTable")))
                .and(target(nameMatching("record|recordLeftOut|keep|markKept|endEpoch"))))
        .check(engine);
  }

  private static List<String> and(List<String> some, String... more) {
    return Stream.concat(some.stream(), Stream.of(more)).toList();
  }

  private static DescribedPredicate<JavaClass> allowedFor(String name) {
    List<String> allowed = MAY_USE.getOrDefault(name, List.of());
    return DescribedPredicate.describe(
        "are in " + name + ", the root or " + allowed,
        type -> {
          String other = slice(type);
          return !ours(type) || other.isEmpty() || other.equals(name) || allowed.contains(other);
        });
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  private static boolean ours(JavaClass type) {
    String name = type.getPackageName();
    return name.equals(ROOT) || name.startsWith(ROOT + ".");
  }

  /** "backend" for io.gradsieve.backend.cpu; empty for the root. */
  private static String slice(JavaClass type) {
    String name = type.getBaseComponentType().getPackageName();
    if (name.length() <= ROOT.length()) {
      return "";
    }
    String below = name.substring(ROOT.length() + 1);
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }
}
