package io.gradsieve.cli;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Options;
import java.util.List;

/**
 * Every command. To add one: its options in {@link Options}, a class with its action, and a line
 * here.
 */
final class CommandTable {
  static final List<Command> COMMANDS =
      List.of(
          command(
              "train",
              "Trains a network and leaves out samples that have less to teach it, by their gradient norms.",
              CommandOptions.TRAIN,
              TrainCommand::run,
              "train",
              "train --data fashion-mnist --model cnn --epochs 8 --out runs/fashion",
              "train --data measurements.csv --label species --sieve variance:keep=0.4"),
          command(
              "score",
              "Scores every sample with given weights, or by trainings of its own: exact gradient norm, loss, el2n, margin.",
              CommandOptions.SCORE_COMMAND,
              ScoreCommand::run,
              "score --model runs/fashion --data fashion-mnist --out scores.csv",
              "score --model mlp --data fashion-mnist --runs 5 --epochs 2 --out grand.csv",
              "score --data measurements.csv --label species --folds 5 --out held-out.csv"),
          command(
              "prune",
              "Turns scores into a list of samples to keep, or into a smaller data set.",
              CommandOptions.PRUNE,
              PruneCommand::run,
              "prune --scores scores.csv --keep 0.5 --out kept.txt",
              "prune --scores scores.csv --policy coverage --balanced --keep 0.3 --out kept.txt",
              "prune --filter runs/fashion/filter.safetensors --data fashion-mnist --policy top --keep 0.6 --out kept.npy"),
          command(
              "issues",
              "Lists samples whose label is probably wrong, the most suspicious first, as networks tell that never saw them.",
              CommandOptions.ISSUES,
              IssuesCommand::run,
              "issues --data measurements.csv --label species --out cleaned.csv",
              "issues --model runs/fashion --out cleaned.npz"),
          command(
              "eval",
              "Measures a model: loss, accuracy, per class, confusion matrix.",
              CommandOptions.EVAL,
              EvalCommand::run,
              "eval --model runs/fashion --data fashion-mnist"),
          command(
              "predict",
              "Predicts class and probabilities of each row; needs no labels.",
              CommandOptions.PREDICT,
              PredictCommand::run,
              "predict --model runs/iris --data new.csv --out predictions.csv"),
          command(
              "export",
              "Writes a model for others.",
              CommandOptions.EXPORT,
              ExportCommand::run,
              "export --model runs/fashion --format safetensors --out fashion.safetensors"),
          new Command(
              "landscape",
              "Maps the loss around trained weights, and how sharp it is there; runs side by side.",
              CommandOptions.LANDSCAPE,
              Arguments.several("RUN"),
              List.of("landscape runs/fashion --grid 21 --out landscape"),
              LandscapeCommand::run),
          new Command(
              "launch",
              "Starts several workers on this host, restarts those that fail, and is where they meet.",
              CommandOptions.LAUNCH,
              Arguments.command(),
              List.of(
                  "launch --workers 2 -- train --data fashion-mnist --model cnn",
                  "launch --workers 4 --nodes 2 --rendezvous n01:29400 --token-file secret -- train --data cifar10"),
              LaunchCommand::run),
          command(
              "rendezvous",
              "Is where the workers of a job meet, until it has ended; launch does this by itself.",
              CommandOptions.RENDEZVOUS,
              RendezvousCommand::run,
              "rendezvous --bind n01:29400 --workers 8 --token-file secret"),
          command(
              "init",
              "Writes a commented configuration for train --config.",
              CommandOptions.INIT,
              InitCommand::run,
              "init --out train.yaml"),
          command(
              "doctor",
              "Shows hardware, libraries, what was refused and why; checks a data set.",
              CommandOptions.DOCTOR,
              DoctorCommand::run,
              "doctor",
              "doctor --data measurements.csv"),
          new Command(
              "completion",
              "Prints a shell's completion script.",
              CommandOptions.COMPLETION,
              Arguments.oneOf(CompletionCommand.SHELLS),
              List.of("completion bash > ~/.local/share/bash-completion/completions/gradsieve"),
              CompletionCommand::run));

  private CommandTable() {}

  /** The first example of a command. */
  static String example(String name) {
    return COMMANDS.stream()
        .filter(command -> command.name().equals(name))
        .findFirst()
        .orElseThrow()
        .examples()
        .get(0);
  }

  private static Command command(
      String name,
      String summary,
      List<io.gradsieve.config.Option<?>> options,
      Command.Action action,
      String... examples) {
    return new Command(name, summary, options, Arguments.NONE, List.of(examples), action);
  }
}
