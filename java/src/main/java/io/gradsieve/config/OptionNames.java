package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Which option somebody may have meant who wrote a name that is none. */
public final class OptionNames {
  /** What other programs call it. */
  private static final Map<String, String> ELSEWHERE = new HashMap<>();

  static {
    elsewhere("data", "dataset", "input", "train-data", "data-path", "file");
    elsewhere("label", "target", "y", "label-column", "class-column");
    elsewhere("ignore", "exclude", "drop", "ignore-columns", "exclude-columns");
    elsewhere("model", "arch", "net", "network", "m");
    elsewhere("weights", "pretrained", "init-from");
    elsewhere("epochs", "num-epochs", "n-epochs", "max-epochs", "num-iterations", "e");
    elsewhere("batch-size", "bs", "b", "train-batch-size");
    elsewhere("optimizer", "optim", "solver");
    elsewhere("lr", "learning-rate", "rate", "eta", "alpha");
    elsewhere("weight-decay", "wd", "l2");
    elsewhere("schedule", "scheduler", "lr-scheduler");
    elsewhere("clip-norm", "clip", "grad-clip", "max-grad-norm", "gradient-clip-val");
    elsewhere("sieve", "filter", "sampler", "policy");
    elsewhere("device", "gpu", "gpus", "cuda", "cpu", "accelerator");
    elsewhere("threads", "workers", "num-workers", "num-threads", "jobs", "n-jobs", "j", "t");
    elsewhere("seed", "random-state", "random-seed");
    elsewhere("out", "o", "output", "output-dir", "out-dir", "save-dir", "logdir");
    elsewhere("resume", "continue", "resume-from");
    elsewhere("overwrite", "force", "f");
    elsewhere("quiet", "q", "silent");
    elsewhere("progress", "verbose", "v");
    elsewhere("keep", "fraction", "ratio", "frac");
    elsewhere("config", "c", "cfg", "conf", "yaml");
  }

  private OptionNames() {}

  private static void elsewhere(String name, String... others) {
    for (String other : others) {
      ELSEWHERE.put(other, name);
    }
  }

  /**
   * The one of the known names that was meant, as far as can be told; dashes in front count for
   * nothing.
   */
  public static Optional<String> meant(String given, Collection<String> known) {
    String bare = given.replaceFirst("^-+", "").replace('_', '-');
    return Optional.ofNullable(ELSEWHERE.get(bare))
        .filter(known::contains)
        .or(() -> GradsieveException.near(bare, known));
  }
}
