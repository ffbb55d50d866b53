package io.gradsieve.backend.cpu;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.UpdateParameters;
import io.gradsieve.plan.UpdateRule;

/** Writes an update rule into the native structure. */
final class CpuRules {
  private CpuRules() {}

  static void fill(UpdateParameters target, UpdateRule rule) {
    target.rate(rule.learningRate());
    target.divisor(rule.divisor());
    target.clip_norm(rule.clipNorm());
    target.step(rule.step());
    if (rule.kind() instanceof UpdateRule.Sgd sgd) {
      target.optimizer(CpuLibrary.GS_SGD);
      target.nesterov(sgd.nesterov() ? 1 : 0);
      target.momentum(sgd.momentum());
      target.decay(sgd.weightDecay());
    } else if (rule.kind() instanceof UpdateRule.AdamW adam) {
      target.optimizer(CpuLibrary.GS_ADAMW);
      target.momentum(adam.beta1());
      target.beta2(adam.beta2());
      target.eps(adam.eps());
      target.decay(adam.weightDecay());
    }
  }
}
