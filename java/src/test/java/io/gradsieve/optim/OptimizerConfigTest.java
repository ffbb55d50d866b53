package io.gradsieve.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.plan.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerConfigTest {
  @Test
  void theOptionsBecomeARule() {
    assertThat(new OptimizerConfig(OptimizerName.SGD, 0.9, true, 5e-4).rule())
        .isEqualTo(new UpdateRule.Sgd(0.9, true, 5e-4));
    assertThat(new OptimizerConfig(OptimizerName.ADAMW, 0.9, false, 0.01).rule())
        .isEqualTo(new UpdateRule.AdamW(0.9, 0.999, 1e-8, 0.01));
    assertThat(new OptimizerConfig(OptimizerName.LARS, 0.9, false, 1e-4).rule())
        .isEqualTo(new UpdateRule.Lars(0.9, 1e-4, 0.001));
    assertThat(new OptimizerConfig(OptimizerName.LAMB, 0.9, false, 0.01).rule())
        .isEqualTo(new UpdateRule.Lamb(0.9, 0.999, 1e-6, 0.01));
  }

  @ParameterizedTest
  @CsvSource({
    "LARS,0.9,true,0",
    "LAMB,0.9,true,0",
    "SGD,1,false,0",
    "SGD,-0.1,false,0",
    "SGD,NaN,false,0",
    "SGD,0.9,false,-1",
    "SGD,0.9,false,Infinity",
    "SGD,0,true,0",
    "ADAMW,0.9,true,0"
  })
  void whatDoesNotGoTogetherIsWrongUsage(
      OptimizerName name, double momentum, boolean nesterov, double decay) {
    assertThatThrownBy(() -> new OptimizerConfig(name, momentum, nesterov, decay))
        .isInstanceOf(GradsieveException.Usage.class);
  }
}
