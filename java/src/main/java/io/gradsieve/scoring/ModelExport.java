package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.run.ModelSource;
import java.nio.channels.Channels;
import java.nio.file.Path;

/** {@code export}: a model's weights for others. */
public final class ModelExport {
  private ModelExport() {}

  /** What was written. */
  public record Summary(Path out, long parameters, NetworkSpec spec) {}

  /** Loads the weights strictly and writes them. */
  public static Summary write(Settings settings) {
    String text =
        settings
            .find(Options.EXPORT_OUT)
            .orElseThrow(() -> new GradsieveException.Usage("export: --out FILE is needed"));
    Path out = OutputFile.of(text);
    ModelSource source =
        ModelSource.trained(
            settings.find(Options.TRAINED_MODEL), settings.find(Options.TRAINED_WEIGHTS));
    NetworkSpec spec =
        source
            .spec()
            .orElseThrow(
                () ->
                    new GradsieveException.Usage(
                        "--model %s: a built-in model alone has no shape; name a run directory as --weights, or a model file"
                            .formatted(source.name().orElse(""))));
    Path weights =
        source
            .weights()
            .orElseThrow(
                () ->
                    new GradsieveException.Usage(
                        "--weights: none given; name a safetensors file or a run directory"));
    try (Backend backend = Backends.open(DeviceName.CPU, 1);
        Network network = Network.create(spec, backend::parameters, 0)) {
      network.load(weights);
      OutputFile.write(
          out,
          target -> {
            var stream =
                new java.io.BufferedOutputStream(Channels.newOutputStream(target), 1 << 16);
            network.save(stream);
            stream.flush();
          });
      return new Summary(out, spec.trainableElements(), spec);
    }
  }
}
