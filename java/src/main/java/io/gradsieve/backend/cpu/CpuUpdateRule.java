package io.gradsieve.backend.cpu;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.UpdateParameters;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;

/** An update rule in the native library's terms. */
final class CpuUpdateRule {
  private CpuUpdateRule() {}

  /** What stays the same over a run; the caller closes it. */
  static UpdateParameters of(Optional<UpdateRule> optimizer) {
    UpdateParameters target = new UpdateParameters();
    UpdateRule rule = optimizer.orElse(null);
    if (rule instanceof UpdateRule.Sgd sgd) {
      target.optimizer(CpuLibrary.GS_SGD);
      target.nesterov(sgd.nesterov() ? 1 : 0);
      target.momentum(sgd.momentum());
      target.decay(sgd.weightDecay());
    } else if (rule instanceof UpdateRule.AdamW adam) {
      target.optimizer(CpuLibrary.GS_ADAMW);
      target.momentum(adam.beta1());
      target.beta2(adam.beta2());
      target.eps(adam.eps());
      target.decay(adam.weightDecay());
    } else if (rule instanceof UpdateRule.Lars lars) {
      target.optimizer(CpuLibrary.GS_LARS);
      target.momentum(lars.momentum());
      target.decay(lars.weightDecay());
      target.trust(lars.trust());
    } else if (rule instanceof UpdateRule.Lamb lamb) {
      target.optimizer(CpuLibrary.GS_LAMB);
      target.momentum(lamb.beta1());
      target.beta2(lamb.beta2());
      target.eps(lamb.eps());
      target.decay(lamb.weightDecay());
    }
    return target;
  }
}
