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
    assertThat(new OptimizerConfig("sgd", 0.9, true, 5e-4).rule())
        .isEqualTo(new UpdateRule.Sgd(0.9, true, 5e-4));
    assertThat(new OptimizerConfig("adamw", 0.9, false, 0.01).rule())
        .isEqualTo(new UpdateRule.AdamW(0.9, 0.999, 1e-8, 0.01));
    assertThat(new OptimizerConfig("lars", 0.9, false, 1e-4).rule())
        .isEqualTo(new UpdateRule.Lars(0.9, 1e-4, 0.001));
    assertThat(new OptimizerConfig("lamb", 0.9, false, 0.01).rule())
        .isEqualTo(new UpdateRule.Lamb(0.9, 0.999, 1e-6, 0.01));
  }

  @ParameterizedTest
  @CsvSource({
    "adam,0.9,false,0", "lars,0.9,true,0", "lamb,0.9,true,0", "sgd,1,false,0", "sgd,-0.1,false,0",
    "sgd,NaN,false,0", "sgd,0.9,false,-1", "sgd,0.9,false,Infinity", "sgd,0,true,0",
        "adamw,0.9,true,0"
  })
  void whatDoesNotExistOrGoTogetherIsWrongUsage(
      String name, double momentum, boolean nesterov, double decay) {
    assertThatThrownBy(() -> new OptimizerConfig(name, momentum, nesterov, decay))
        .isInstanceOf(GradsieveException.Usage.class);
  }
}
