package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Names are UTF-8 whatever the locale, or refused with the variable to set. Files with such names
 * are made and listed by a shell, which takes names as bytes: these tests too may run in any
 * locale.
 */
class LocaleTest {
  private static final String PIXEL =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

  @TempDir Path directory;

  /** Runs a script of UTF-8 text; {@code $1} and on are the arguments. */
  private JavaProcess shell(Map<String, String> environment, String script, List<String> arguments)
      throws IOException, InterruptedException {
    Path file = Files.writeString(directory.resolve("script"), script + "\n");
    List<String> command = new ArrayList<>(List.of("sh", file.toString()));
    command.addAll(arguments);
    return JavaProcess.run(directory, environment, command);
  }

  /** Runs the program once for each line, in one process; ends each result with "exit N". */
  private List<String> calls(String locale, String lines) throws IOException, InterruptedException {
    Files.writeString(directory.resolve("lines"), lines);
    JavaProcess run =
        JavaProcess.run(
            directory,
            Map.of("LC_ALL", locale),
            JavaProcess.command(ManyCalls.class, directory.resolve("lines").toString()));
    assertThat(run.exitCode()).describedAs(run.out()).isZero();
    return run.out().lines().toList();
  }

  private void table() throws IOException {
    StringBuilder rows = new StringBuilder("größe,x,espèce\n");
    for (int i = 0; i < 20; i++) {
      rows.append(i).append(',').append(i).append(i < 10 ? ",é\n" : ",ü\n");
    }
    Files.writeString(directory.resolve("t.csv"), rows);
  }

  private void images() throws IOException, InterruptedException {
    Files.write(directory.resolve("1.png"), Base64.getDecoder().decode(PIXEL));
    assertThat(
            shell(
                    Map.of("LC_ALL", "C.UTF-8"),
                    "for c in 犬 猫 ab; do mkdir -p u/train/$c; cp 1.png u/train/$c/1.png; cp 1.png u/train/$c/2.png; done",
                    List.of())
                .exitCode())
        .isZero();
  }

  @Test
  void pathsBeyondAsciiAreRefusedByNameWithTheVariableToSet()
      throws IOException, InterruptedException {
    table();
    images();
    Files.writeString(directory.resolve("c.yaml"), "out: é\n");
    List<String> lines =
        calls(
            "C",
            """
            train --out é
            train --set out=é
            train --config é.yaml
            train --config c.yaml
            train --data é.csv
            train --data cifar10 --data-dir é
            train --weights é.safetensors
            train --model é.yaml
            score --model ./é
            predict --model ./r --out é.csv
            eval --model ./r --out é.json
            export --model ./r --out é
            prune --scores é.csv --keep 0.5 --out k.txt
            prune --filter é --keep 0.5 --out k.txt
            landscape é
            landscape r --out é
            init --out é.yaml
            doctor --unpack é
            doctor --data ./é
            """);
    assertThat(lines).hasSize(2 * 19);
    for (int i = 0; i < lines.size(); i += 2) {
      assertThat(lines.get(i))
          .startsWith("error: ")
          .contains("é")
          .contains("(LC_ALL is C); set LC_ALL=C.UTF-8");
      assertThat(lines.get(i + 1)).describedAs(lines.get(i)).isEqualTo("exit 2");
    }
    lines = calls("POSIX", "train --data ./u --dry-run\npredict --model ./none --data ./u\n");
    assertThat(lines.get(0)).matches("error: .*/u/train/[犬猫]/[12]\\.png: has letters .*");
    assertThat(lines.get(1)).isEqualTo("exit 3");
  }

  @Test
  void whatIsNoPathWorksInEveryLocale() throws IOException, InterruptedException {
    table();
    try (ZipOutputStream zip =
        new ZipOutputStream(
            Files.newOutputStream(directory.resolve("u.zip")), StandardCharsets.UTF_8)) {
      for (String name : List.of("犬", "猫", "ab")) {
        for (int i = 0; i < 2; i++) {
          zip.putNextEntry(new ZipEntry("u/train/" + name + "/" + i + ".png"));
          zip.write(Base64.getDecoder().decode(PIXEL));
        }
      }
    }
    Files.writeString(directory.resolve("c.yaml"), "label: espèce\nid: größe\n");
    List<String> lines =
        calls(
            "C",
            """
            train --data t.csv --label espèce --validation 0 --epochs 1 --threads 1 --quiet --out r
            eval --model ./r --split all --json
            train --data t.csv --config c.yaml --dry-run
            train --data t.csv --ignore größe --set label=espèce --dry-run
            doctor --data u.zip --json
            train --epochs 1 --threads 1 --quiet --out ascii
            """);
    String all = String.join("\n", lines);
    assertThat(lines.stream().filter(line -> line.startsWith("exit ")))
        .describedAs(all)
        .containsExactly("exit 0", "exit 0", "exit 0", "exit 0", "exit 0", "exit 0");
    assertThat(all)
        .contains("\"class\":\"é\"")
        .contains("\"class\":\"ü\"")
        .contains("espèce")
        .contains("\"class\":\"犬\"")
        .contains("\"class\":\"猫\"");
    assertThat(Files.readString(directory.resolve("r/scores.csv"))).contains(",é,");
  }

  @ParameterizedTest
  @CsvSource({"LC_ALL,C", "LANG,POSIX", "LC_CTYPE,C", "LC_ALL,nowhere.UTF-8", "NONE,''"})
  void argumentsAreThoseThatWereTyped(String variable, String locale)
      throws IOException, InterruptedException {
    table();
    // The last argument is empty: it must not be lost on the way.
    Map<String, String> environment = Map.of(variable, locale);
    JavaProcess run =
        shell(
            environment,
            "\"$@\" train --data t.csv --label espèce --dry-run --id größe --weight ''",
            JavaProcess.command(Main.class));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEqualTo("error: --weight '': must be a value\n");
    run =
        shell(
            environment,
            "\"$@\" train --data t.csv --label espéce",
            JavaProcess.command(Main.class));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).contains("espéce").contains("espèce");
    run = shell(environment, "\"$@\" train --out é", JavaProcess.command(Main.class));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out())
        .startsWith("error: --out é: has letters")
        .contains(variable.equals("NONE") ? "no locale is set" : variable + " is " + locale);
  }

  @Test
  void directoriesOfTheProcessAreLookedAtToo() throws IOException, InterruptedException {
    List<String> java = JavaProcess.command(Main.class);
    JavaProcess run =
        shell(
            Map.of("LC_ALL", "C"),
            "mkdir é && cd é && \"$@\" train; \"$@\" completion tcsh; \"$@\" --version",
            java);
    assertThat(run.out().lines())
        .hasSize(3)
        .satisfies(
            lines -> {
              assertThat(lines.get(0)).startsWith("error: the working directory: has letters");
              assertThat(lines.get(2)).startsWith("gradsieve ");
            });
    run =
        shell(
            Map.of("LC_ALL", "C"),
            "GRADSIEVE_DATA=/é \"$@\" train --data cifar10; XDG_CACHE_HOME=/é \"$@\" train",
            java);
    assertThat(run.out().lines())
        .satisfies(
            lines -> {
              assertThat(lines.get(0)).startsWith("error: the directory in GRADSIEVE_DATA: has");
              assertThat(lines.get(1)).startsWith("error: the directory in XDG_CACHE_HOME: has");
            });
    assertThat(run.exitCode()).isEqualTo(2);
  }

  /** Two such names are one to Java, which is how two classes would become one. */
  @Test
  void aNameThatIsNotUtf8IsRefusedInEveryLocale() throws IOException, InterruptedException {
    images();
    shell(
        Map.of(),
        "for c in '\\351' '\\350'; do d=u/train/caf$(printf $c); mkdir $d; cp 1.png $d/1.png; done",
        List.of());
    List<String> lines = calls("C.UTF-8", "train --data ./u --dry-run\n");
    assertThat(lines.get(0)).matches("error: .*/u/train/caf.*/1\\.png: its name is not UTF-8; .*");
    assertThat(lines.get(1)).isEqualTo("exit 3");
  }

  @Test
  void inUtf8AllOfItIsFound() throws IOException, InterruptedException {
    table();
    images();
    JavaProcess made =
        shell(
            Map.of("LC_ALL", "C.UTF-8"),
            "cp t.csv é.csv; printf 'label: espèce\\n' > é.yaml; mkdir ö; cd ö; \"$@\" train --data ../é.csv --config ../é.yaml --epochs 1 --threads 1 --quiet --out é && ls é/model.yaml && \"$@\" doctor --data ../u --json",
            JavaProcess.command(Main.class));
    assertThat(made.exitCode()).describedAs(made.out()).isZero();
    assertThat(made.out()).contains("é/model.yaml").contains("\"class\":\"猫\"");
  }
}
