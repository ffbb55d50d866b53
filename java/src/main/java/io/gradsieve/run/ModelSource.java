package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.ModelRules;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.format.FileNames;
import io.gradsieve.nn.Models;
import io.gradsieve.nn.NetworkSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The network that {@code --model FILE|NAME} and {@code --weights FILE} name; a run directory or
 * one of its checkpoints works for both.
 *
 * @param name of a built-in model; empty: the file says
 * @param spec of a model file
 * @param file that model file
 * @param weights to load
 * @param run the directory that model or weights came from, if it is a run
 */
public record ModelSource(
    Optional<String> name,
    Optional<NetworkSpec> spec,
    Optional<Path> file,
    Optional<Path> weights,
    Optional<Path> run) {

  /**
   * Looks both up.
   *
   * @throws GradsieveException.Usage for a name that is neither a built-in model nor a path
   * @throws GradsieveException.BadData for a file that is missing or not a model
   */
  public static ModelSource of(Optional<String> model, Optional<String> weights) {
    Optional<Path> weightsAt = weights.map(text -> existing("--weights", text));
    if (model.isPresent() && Models.NAMES.contains(model.get())) {
      return new ModelSource(
          model,
          Optional.empty(),
          Optional.empty(),
          weightsAt.map(ModelSource::weightsIn),
          Optional.empty());
    }
    Optional<Path> modelAt = model.map(ModelSource::modelPath).or(() -> weightsAt);
    if (modelAt.isEmpty()) {
      throw new GradsieveException.Usage(
          "--model: none given; name a run directory, or a model file and --weights");
    }
    Path directory =
        Files.isDirectory(modelAt.get()) || model.isPresent()
            ? modelAt.get()
            : modelAt.get().resolveSibling(RunDirectory.MODEL);
    boolean isDirectory = Files.isDirectory(directory);
    Path yaml = isDirectory ? specIn(directory) : directory;
    Optional<Path> ownWeights =
        isDirectory
            ? Optional.of(yaml).map(Path::getParent).flatMap(ModelSource::ownWeights)
            : Optional.empty();
    return new ModelSource(
        Optional.empty(),
        Optional.of(NetworkSpec.read(yaml)),
        Optional.of(yaml),
        weightsAt.map(ModelSource::weightsIn).or(() -> ownWeights),
        isDirectory ? Optional.of(directory) : weightsAt.filter(Files::isDirectory));
  }

  /**
   * As {@link #of}, for a model that was trained: a built-in name whose weights lie beside the
   * {@code model.yaml} of such a network is the network of that file, with its rules for data.
   */
  public static ModelSource trained(Optional<String> model, Optional<String> weights) {
    ModelSource source = of(model, weights);
    if (source.name.isEmpty() || source.weights.isEmpty()) {
      return source;
    }
    Path yaml = source.weights.get().resolveSibling(RunDirectory.MODEL);
    if (!Files.isRegularFile(yaml)) {
      return source;
    }
    NetworkSpec found = NetworkSpec.read(yaml);
    if (!found.layers().equals(builtIn(source.name.get(), found).layers())) {
      return source; // loading the weights tells in what they differ
    }
    return new ModelSource(
        source.name,
        Optional.of(found),
        Optional.of(yaml),
        source.weights,
        weights.map(Path::of).filter(Files::isDirectory));
  }

  private static NetworkSpec builtIn(String name, NetworkSpec like) {
    List<Integer> input = like.input();
    boolean image = input.size() == 3;
    return Models.of(
        name, input.get(0), image ? input.get(1) : 1, image ? input.get(2) : 1, like.outputs());
  }

  /**
   * The rules for reading data for a model that was trained: those stated, else those of a model
   * file that states none. The weights of a built-in model alone tell the number of classes.
   */
  public Optional<Schema> rules() {
    return stated()
        .or(() -> spec.map(ModelRules::schema))
        .or(() -> weights.map(at -> Schema.plain(Models.classes(at))));
  }

  /**
   * The rules that the model file states or that lie beside the weights: what the weights' inputs
   * and outputs mean, by name.
   *
   * @throws GradsieveException.BadData if the two are at variance
   */
  public Optional<Schema> stated() {
    Optional<Schema> own = spec.filter(ModelRules::stated).map(ModelRules::schema);
    Optional<Path> beside =
        weights.map(at -> at.resolveSibling(RunDirectory.MODEL)).filter(Files::isRegularFile);
    Optional<Schema> learned =
        beside.map(NetworkSpec::read).filter(ModelRules::stated).map(ModelRules::schema);
    if (own.isPresent() && learned.isPresent() && !own.equals(learned)) {
      throw new GradsieveException.BadData(
          "%s: its %s are not those of %s, by which the weights were trained; leave them out to take those"
              .formatted(
                  file.orElseThrow(),
                  ModelRules.differing(own.get(), learned.get()),
                  beside.orElseThrow()));
    }
    return own.or(() -> learned);
  }

  private static Path modelPath(String text) {
    if (text.indexOf('/') < 0 && text.indexOf('.') < 0) {
      throw new GradsieveException.Usage(
          "--model %s: no known model; did you mean '%s'? One of %s; a file or directory is ./%s"
              .formatted(
                  text,
                  GradsieveException.nearest(text, Models.NAMES),
                  String.join(", ", Models.NAMES),
                  text));
    }
    Path path = existing("--model", text);
    if (Files.isRegularFile(path) && text.endsWith(".safetensors")) {
      throw new GradsieveException.BadData(
          "--model %s: holds weights and no network; name its run's directory, or give it as --weights and a network as --model"
              .formatted(text));
    }
    return path;
  }

  private static Path existing(String option, String text) {
    Path path = FileNames.path(option, text);
    if (!Files.exists(path)) {
      throw new GradsieveException.BadData(
          "%s %s: does not exist; check the path".formatted(option, text));
    }
    CheckpointStore.verify(path);
    return path;
  }

  private static Path specIn(Path directory) {
    Path yaml = directory.resolve(RunDirectory.MODEL);
    if (!Files.isRegularFile(yaml)) {
      throw new GradsieveException.BadData(
          "%s: no %s there: not a finished run; one of its checkpoints can be named instead"
              .formatted(directory, RunDirectory.MODEL));
    }
    return yaml;
  }

  private static Path weightsIn(Path path) {
    if (!Files.isDirectory(path)) {
      return path;
    }
    return ownWeights(path)
        .orElseThrow(
            () ->
                new GradsieveException.BadData(
                    "%s: no %s there: not a finished run; one of its checkpoints can be named instead"
                        .formatted(path, RunDirectory.WEIGHTS)));
  }

  private static Optional<Path> ownWeights(Path directory) {
    Path weights = directory.resolve(RunDirectory.WEIGHTS);
    Path checkpoint = directory.resolve(Checkpoints.WEIGHTS);
    return Files.isRegularFile(weights)
        ? Optional.of(weights)
        : Optional.of(checkpoint).filter(Files::isRegularFile);
  }

  /** The network for a data set; a built-in model takes its shape and classes. */
  public NetworkSpec spec(Dataset data) {
    SampleShape shape = data.shape();
    NetworkSpec found =
        spec.orElseGet(
            () ->
                Models.of(
                    name.orElseThrow(),
                    shape.channels(),
                    shape.height(),
                    shape.width(),
                    data.classes().size()));
    checkFit(found, data);
    return found;
  }

  private void checkFit(NetworkSpec spec, Dataset data) {
    String model = file.map(Path::toString).or(() -> name).orElseThrow();
    int classes = data.classes().size();
    if (spec.inputs() != data.shape().elements()
        || (spec.input().size() == 3 && spec.input().get(0) != data.shape().channels())) {
      throw new GradsieveException.BadData(
          "%s: takes %s, the samples of the data '%s' are %s; choose the data or the model that fits"
              .formatted(model, spec.input(), data.name(), data.shape()));
    }
    if (spec.outputs() != classes) {
      throw new GradsieveException.BadData(
          "%s: its last layer gives %d outputs, the data '%s' has %d classes; give it features: %d"
              .formatted(model, spec.outputs(), data.name(), classes, classes));
    }
  }
}
