package io.gradsieve.filter;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.Backend;
import io.gradsieve.config.ModelRules;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.train.EvaluationSession;
import io.gradsieve.train.RankModel;
import io.gradsieve.train.StopRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A network that has learned which rank a sample's score has among all samples, with what is needed
 * to apply it to data never scored. Its K classes are bins of ranks: class k has the ranks from k/K
 * to (k+1)/K. Owns its weights.
 *
 * <p>As a file it is a safetensors file of the network's weights, whose {@code __metadata__} says
 *
 * <pre>
 * format        "gradsieve-filter"
 * version       "1"
 * network       layers, input shape and the rules for reading data, as in a model.yaml
 * score         what was ranked, as in --score
 * bins          K
 * correlation   Spearman's, with the scores of samples it did not learn from; absent if those were too few
 * </pre>
 */
public final class LearnedFilter implements RankModel {
  /** Its name in a run and in a checkpoint. */
  public static final String FILE = "filter.safetensors";

  private static final String FORMAT = "gradsieve-filter";
  private static final String VERSION = "1";
  private static final String WHICH = "; name the %s of a run with --sieve learned".formatted(FILE);

  private final Network network;
  private final Backend backend;
  private final String score;
  private final Optional<Double> correlation;

  /** Takes the network over, which lies on the backend. */
  LearnedFilter(Network network, Backend backend, String score, Optional<Double> correlation) {
    this.network = network;
    this.backend = backend;
    this.score = score;
    this.correlation = correlation;
  }

  /** The same, which takes the weights over, with a correlation that was measured. */
  LearnedFilter measured(double spearman) {
    return new LearnedFilter(network, backend, score, Optional.of(spearman));
  }

  /**
   * Reads a file.
   *
   * @param backend holds the weights; stays the caller's
   * @throws BadData if it is missing, damaged, or no filter of this version
   */
  public static LearnedFilter read(Path file, Backend backend) {
    Map<String, String> metadata = metadata(file);
    NetworkSpec spec = NetworkSpec.parse(file.toString(), metadata.getOrDefault("network", ""));
    check(file, metadata.getOrDefault("bins", "").equals(Integer.toString(spec.outputs())), "bins");
    String score = metadata.getOrDefault("score", "");
    check(file, !score.isEmpty(), "score");
    Optional<Double> correlation =
        Optional.ofNullable(metadata.get("correlation")).map(LearnedFilter::number);
    check(file, correlation.map(r -> r >= -1 && r <= 1).orElse(true), "correlation");
    checkSize(file, spec);
    Network network = Network.create(spec, backend::parameters, 0);
    try {
      network.load(file);
      return new LearnedFilter(network, backend, score, correlation);
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private static Map<String, String> metadata(Path file) {
    if (Files.isDirectory(file)) {
      throw new BadData("%s: is a directory; name its %s".formatted(file, FILE));
    }
    Map<String, String> metadata;
    try (SafeTensors tensors = SafeTensors.open(file)) {
      metadata = tensors.metadata();
    } catch (BadData e) {
      throw new BadData(e.getMessage() + WHICH, e);
    }
    if (!FORMAT.equals(metadata.get("format"))) {
      throw new BadData(file + ": is no filter" + WHICH);
    }
    if (!VERSION.equals(metadata.get("version"))) {
      throw new BadData(
          "%s: is a filter of version %s, this program reads %s; let a run learn another"
              .formatted(file, metadata.get("version"), VERSION));
    }
    return metadata;
  }

  private static double number(String text) {
    return text.matches("-?[0-9]{1,3}(\\.[0-9]{1,20})?([eE]-?[0-9]{1,3})?")
        ? Double.parseDouble(text)
        : Double.NaN;
  }

  private static void check(Path file, boolean condition, String key) {
    if (!condition) {
      throw new BadData(
          "%s: is damaged: '%s' in its metadata does not fit; let a run learn another"
              .formatted(file, key));
    }
  }

  /** A damaged description must not ask for more memory than the file has weights. */
  private static void checkSize(Path file, NetworkSpec spec) {
    try {
      check(file, spec.trainableElements() <= Files.size(file) / Float.BYTES, "network");
    } catch (IOException e) {
      throw new BadData(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void write(OutputStream out) throws IOException {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", VERSION);
    metadata.put("network", network.spec().toYaml());
    metadata.put("score", score);
    metadata.put("bins", Integer.toString(network.spec().outputs()));
    correlation.ifPresent(r -> metadata.put("correlation", Double.toString(r)));
    network.save(out, metadata);
  }

  @Override
  public Optional<Double> correlation() {
    return correlation;
  }

  /** What was ranked, as in {@code --score}. */
  public String score() {
    return score;
  }

  /**
   * The rules for reading data that it is applied to, whose classes are the data's own: those of
   * the network are bins.
   */
  public Schema rules() {
    Schema schema = ModelRules.schema(network.spec());
    return new Schema(schema.normalize(), List.of(), schema.columns());
  }

  /**
   * The predicted rank of each sample, Σ_k p_k·(k + ½)/K in (0, 1); those that were not reached
   * before a stop have 0.
   *
   * @param samples positions in the data set
   * @throws BadData if the samples are of another shape
   * @throws GradsieveException.Diverged if a result is not finite
   */
  @Override
  public float[] ranks(Dataset data, int[] samples, StopRequest stop) {
    NetworkSpec spec = network.spec();
    if (!takes(spec, data.shape())) {
      throw new BadData(
          "the filter takes %s, the samples of the data '%s' are %s; choose the data or the filter that fits"
              .formatted(spec.input(), data.name(), data.shape()));
    }
    int bins = spec.outputs();
    float[] ranks = new float[samples.length];
    Dataset unlabelled = data.relabelled(new int[0], List.of());
    try (EvaluationSession session =
        new EvaluationSession(unlabelled, network, backend, false, stop)) {
      session.pass(
          samples,
          false,
          (first, batch, records) -> {
            int pitch = records.pitch();
            for (int i = 0; i < batch.size(); i++) {
              ranks[first + i] = expected(records.probabilities(), i * pitch, bins);
            }
          });
    }
    return ranks;
  }

  private static boolean takes(NetworkSpec spec, SampleShape shape) {
    List<Integer> image = List.of(shape.channels(), shape.height(), shape.width());
    return spec.input().size() == image.size()
        ? spec.input().equals(image)
        : spec.inputs() == shape.elements();
  }

  private static float expected(FloatBuffer probabilities, int row, int bins) {
    double sum = 0;
    for (int k = 0; k < bins; k++) {
      sum += probabilities.get(row + k) * (k + 0.5);
    }
    return (float) (sum / bins);
  }

  @Override
  public void close() {
    network.close();
  }
}
