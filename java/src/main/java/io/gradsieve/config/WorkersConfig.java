package io.gradsieve.config;

import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import java.util.Optional;

/**
 * How the workers of a job train together; one that trains alone asks for none of it.
 *
 * @param syncBatchNorm whether batch norm counts the samples of all workers
 * @param compress how gradients travel
 * @param interfaceName the network between the workers: an interface, an address or a range; empty:
 *     all
 * @param joining how they find and trust each other
 */
public record WorkersConfig(
    boolean syncBatchNorm,
    CollectiveName collective,
    Compression compress,
    Optional<String> interfaceName,
    JoiningConfig joining) {
  /**
   * As the options say.
   *
   * @throws io.gradsieve.GradsieveException.Usage if they contradict each other
   */
  public static WorkersConfig of(Settings settings) {
    return new WorkersConfig(
        settings.get(JobOptions.SYNC_BATCHNORM),
        settings.get(JobOptions.COLLECTIVE),
        settings.get(JobOptions.COMPRESS),
        settings.find(JobOptions.INTERFACE),
        JoiningConfig.of(settings));
  }
}
