package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Steps;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PoliciesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "varince | unknown --sieve 'varince': did you mean 'variance'",
        "off | unknown --sieve 'off': did you mean 'none'",
        "Disabled | unknown --sieve 'Disabled': did you mean 'none'",
        "'' | unknown --sieve ''",
        "soft:q=0.5 | unknown key of --sieve soft 'q': did you mean 'r'",
        "variance:kep=0.5 | did you mean 'keep'",
        "variance:relative=yes | relative must be true or false, is 'yes'",
        "variance:balanced=1 | balanced must be true or false, is '1'",
        "hide:fraction=1 | fraction must lie in [0,1), is 1",
        "hide:sure=1.1 | sure must lie in [0,1]",
        "order:pool=0.5 | keep must not exceed pool, is 0.6",
        "order:pool=0 | pool must lie in (0,1]",
        "batch:keep=0 | keep must lie in (0,1]",
        "window:width=0 | width must lie in (0,1]",
        "importance:lambda=2 | lambda must lie in [0,1]",
        "coverage:bins=0 | bins must be a whole number from 1 on, is '0'",
        "coverage:cut=-1 | cut must lie in [0,1]",
        "learned:sample=0 | sample must lie in (0,1], is 0",
        "learned:keep=1.5 | keep must lie in (0,1]",
        "learned:samples=0.1 | did you mean 'sample'",
        "variance:keep=0 | keep must lie in (0,1], is 0",
        "variance:keep=1.01 | keep must lie in (0,1]",
        "variance:keep=half | keep must be a number, is 'half'",
        "variance:keep=\u0660.\u0665 | keep must be a number",
        "none:from=\u0663 | from must be a whole number",
        "variance:keep=NaN | keep must be a number",
        "variance:floor=-0.1 | floor must lie in [0,1]",
        "variance:keep=0.2,floor=0.3 | floor must not exceed keep, is 0.3",
        "variance:unscored=drop | unscored must be mean or keep, is 'drop'",
        "soft:r=1 | r must lie in [0,1), is 1",
        "soft:until=0 | until must lie in (0,1], is 0",
        "none:from=0 | from must be a whole number from 1 on, is '0'",
        "none:from=1.5 | from must be a whole number",
        "random:steps=some | unknown value of steps in --sieve 'some': did you mean 'same'",
        "random:keep | 'keep' is not key=value",
        "random: | is not key=value",
        "random:keep=0.5,keep=0.6 | keep is given twice"
      })
  void aTypoIsWrongUsageInOneLine(String spec, String message) {
    assertThatThrownBy(() -> Policies.parse(spec))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(message.strip())
        .message()
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "variance:unscored=keep | variance:keep=0.5,floor=0.1,from=2,until=1,steps=same,relative=false,balanced=false",
        "variance:keep=0.05,unscored=mean | variance:keep=0.05,floor=0.05,unscored=mean,from=2,until=1,steps=same,relative=false,balanced=false",
        "soft | soft:r=0.5,from=2,until=0.875,steps=same,relative=false,balanced=false",
        "hard | hard:keep=0.7,from=2,until=1,steps=same,relative=false,balanced=false",
        "random:steps=fewer,keep=.25 | random:keep=0.25,from=2,until=1,steps=fewer,relative=false,balanced=false",
        "hide | hide:fraction=0.3,sure=0.7,from=2,until=1,steps=same,relative=false,balanced=false",
        "order | order:pool=0.75,keep=0.6,from=2,until=1,steps=same,relative=false,balanced=false",
        "window:balanced=true | window:width=0.6,from=2,until=1,steps=same,relative=false,balanced=true",
        "importance | importance:keep=0.6,lambda=0.2,from=2,until=1,steps=same,relative=false,balanced=false",
        "coverage:relative=true | coverage:keep=0.5,bins=50,cut=0.05,from=2,until=1,steps=same,relative=true,balanced=false",
        "batch | batch:keep=0.5,from=2,until=1,steps=same,relative=false,balanced=false",
        "batch:balanced=true,relative=true | batch:keep=0.5,from=2,until=1,steps=same,relative=true,balanced=true",
        "learned | learned:keep=0.6,sample=0.2,from=2,until=1,steps=same,relative=false,balanced=false",
        "none | none:from=2,until=1,steps=same,relative=false,balanced=false"
      })
  void everyEffectiveValueIsInTheSpecificationAndParsesToTheSame(String given, String effective) {
    String spec = Policies.parse(given).options().spec();
    assertThat(spec).isEqualTo(effective);
    assertThat(Policies.parse(spec).options().spec()).isEqualTo(effective);
  }

  @Test
  void theDevicesStepsHoldUnlessGiven() {
    assertThat(Policies.parse("none", Steps.FEWER).filtering().steps()).isEqualTo(Steps.FEWER);
    assertThat(Policies.parse("none:steps=same", Steps.FEWER).filtering().steps())
        .isEqualTo(Steps.SAME);
  }

  @ParameterizedTest
  @MethodSource("io.gradsieve.sieve.policy.Policies#names")
  void theSameSeedGivesTheSamePlanAndAnotherEpochAnother(String spec) {
    float[] losses = new float[1000];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = i % 17;
    }
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan a = Policies.parse(spec).plan(table, Tables.context(table, 64, 5));
    EpochPlan b = Policies.parse(spec).plan(table, Tables.context(table, 64, 5));
    assertThat(a.order()).isEqualTo(b.order());
    assertThat(a.weights()).isEqualTo(b.weights());
    assertThat(Policies.parse(spec).plan(table, Tables.epoch(table, 64, 5, 4)).order())
        .isNotEqualTo(a.order());
    assertThat(Policies.parse(spec).plan(table, Tables.context(table, 64, 6)).order())
        .isNotEqualTo(a.order());
  }

  @ParameterizedTest
  @MethodSource("io.gradsieve.sieve.policy.Policies#names")
  void oneSampleIsAlwaysKept(String spec) {
    ScoreTable table = Tables.ofLosses(0.5f);
    EpochPlan plan = Policies.parse(spec).plan(table, Tables.context(table, 128, 1));
    assertThat(plan.order()).containsExactly(0);
    assertThat(plan.weights()).containsExactly(1f);
    assertThat(plan.batchSizes()).containsExactly(1);
    assertThat(plan.meanWeight()).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("io.gradsieve.sieve.policy.Policies#names")
  void noSamplesGiveAnEmptyPlanWithoutSteps(String spec) {
    ScoreTable table = Tables.ofLosses();
    EpochPlan plan = Policies.parse(spec).plan(table, Tables.context(table, 128, 1));
    assertThat(plan.kept()).isZero();
    assertThat(plan.batchSizes()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "variance,500",
    "soft,1000",
    "hard,700",
    "hide,1000",
    "order,600",
    "window,600",
    "batch,1000",
    "importance,600",
    "coverage,500",
    "learned,200",
    "random,600",
    "none,1000"
  })
  void equalScoresAreNoReasonToFail(String spec, int kept) {
    float[] losses = new float[1000];
    Arrays.fill(losses, 0.1f);
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan = Policies.parse(spec).plan(table, Tables.context(table, 128, 1));
    assertThat(plan.kept()).isEqualTo(kept);
    assertThat(plan.filtered()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "variance:from=3,1,false",
    "variance:from=3,2,false",
    "variance:from=3,3,true",
    "variance,10,true",
    "soft,8,true",
    "soft,9,false",
    "variance:until=0.29,3,false",
    "variance:until=0.3,3,true",
    "variance:from=1,1,true"
  })
  void epochsAreFilteredFromTheFirstToTheLastNamed(String spec, int epoch, boolean filtered) {
    ScoreTable table = Tables.ofLosses(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    EpochPlan plan = Policies.parse(spec).plan(table, Tables.epoch(table, 4, 1, epoch));
    assertThat(plan.filtered()).isEqualTo(filtered);
    if (!filtered) {
      assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
      assertThat(plan.weights()).containsOnly(1f);
      assertThat(plan.batchSizes()).containsExactly(3, 3, 4);
    }
  }

  @ParameterizedTest
  @CsvSource({"variance,2", "random:keep=0.5,2", "soft:r=0.5,1", "hard:keep=0.5,1", "none,1"})
  void fewerStepsRaiseTheRateOfUnbiasedPoliciesOnly(String spec, double scale) {
    ScoreTable table = Tables.ofLosses(1, 1, 1, 1, 1, 1, 1, 1);
    String fewer = spec + (spec.contains(":") ? "," : ":") + "steps=fewer";
    EpochPlan plan = Policies.parse(fewer).plan(table, Tables.context(table, 4, 1));
    assertThat(plan.lrScale()).isEqualTo(scale);
  }

  @Test
  void anEmptySelectionKeepsAllAndSaysSo() {
    SievePolicy nothing = new Nothing(PolicyOptions.parse("nothing", Steps.SAME));
    ScoreTable table = Tables.ofLosses(1, 2, 3);
    EpochPlan plan = nothing.plan(table, Tables.context(table, 2, 1));
    assertThat(plan.emptySelection()).isTrue();
    assertThat(plan.filtered()).isFalse();
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(plan.meanWeight()).isEqualTo(1);
  }

  @Test
  void aTableOfAnotherSizeIsRefused() {
    ScoreTable table = Tables.ofLosses(1, 2, 3);
    ScoreTable other = Tables.ofLosses(1, 2);
    assertThatThrownBy(() -> Policies.parse("none").plan(table, Tables.context(other, 2, 1)))
        .hasMessage("the table has 3 samples, the epoch 2");
  }

  private record Nothing(PolicyOptions options) implements SievePolicy {
    @Override
    public Filtering filtering() {
      return new Filtering(1, 1, Steps.SAME);
    }

    @Override
    public boolean needsScores() {
      return false;
    }

    @Override
    public boolean unbiased() {
      return false;
    }

    @Override
    public String asked() {
      return "keep nothing";
    }

    @Override
    public int leastKept(int samples) {
      return 0;
    }

    @Override
    public int mostKept(int samples) {
      return 0;
    }

    @Override
    public Selection select(Candidates candidates) {
      return Selection.unweighted(new int[0]);
    }
  }
}
