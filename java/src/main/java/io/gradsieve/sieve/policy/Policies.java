package io.gradsieve.sieve.policy;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.Steps;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Every policy by name. To add one: its file, its line here, its card in docs/policies. */
public final class Policies {
  private static final Map<String, Function<PolicyOptions, SievePolicy>> KINDS =
      new LinkedHashMap<>();

  static {
    KINDS.put("none", NoSieve::of);
    KINDS.put("variance", Variance::of);
    KINDS.put("soft", Soft::of);
    KINDS.put("hard", Hard::of);
    KINDS.put("hide", Hide::of);
    KINDS.put("order", PoolOrder::of);
    KINDS.put("window", Window::of);
    KINDS.put("batch", BatchChoice::of);
    KINDS.put("importance", Importance::of);
    KINDS.put("coverage", Coverage::of);
    KINDS.put("learned", Learned::of);
    KINDS.put("random", RandomSubset::of);
  }

  private Policies() {}

  /** All names. */
  public static List<String> names() {
    return List.copyOf(KINDS.keySet());
  }

  /** The keys of a policy with their defaults, its own first. */
  public static Map<String, String> keys(String name) {
    return parse(name).options().keys();
  }

  /** As {@link #parse(String, Steps)}, with epochs of as many steps as the full data. */
  public static SievePolicy parse(String spec) {
    return parse(spec, Steps.SAME);
  }

  /**
   * The policy that {@code NAME[:key=value,…]} describes.
   *
   * @param defaultSteps where the specification has no {@code steps}: the device's
   * @throws GradsieveException.Usage on an unknown name, key or value, or one out of its range
   */
  public static SievePolicy parse(String spec, Steps defaultSteps) {
    PolicyOptions options = PolicyOptions.parse(spec, defaultSteps);
    Function<PolicyOptions, SievePolicy> kind = KINDS.get(options.name());
    if (kind == null) {
      throw GradsieveException.Usage.unknown("--sieve", options.name(), KINDS.keySet());
    }
    SievePolicy policy = kind.apply(options);
    options.rejectUnknown();
    return policy;
  }
}
