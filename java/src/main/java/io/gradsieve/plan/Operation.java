package io.gradsieve.plan;

import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * One operation of a segment. Tensors are indices into {@link StepPlan#tensors()}, -1 for none;
 * parameters and running statistics are offsets in floats into the weights, -1 for none. The
 * formulas stand at the functions of the same names in the native library's header. {@code
 * gradient} says what the backward pass does with an input's gradient.
 *
 * <p>To add one: a record here with its {@link Dataflow}, a line in every backend's compiler, a
 * layer in {@code nn.layer} that lowers to it.
 */
public sealed interface Operation
    permits Normalization,
        Operation.Input,
        Operation.Conv2d,
        Operation.Linear,
        Operation.Activate,
        Operation.Pool2d,
        Operation.Dropout,
        Operation.Add,
        Operation.SoftmaxCrossEntropy {
  /** What backward does with the gradient of an input. */
  enum Gradient {
    /** Leaves it out: nothing before this operation is trained. */
    NONE,
    STORE,
    ADD
  }

  /** Element-wise functions; gelu is the exact one. */
  enum Activation {
    IDENTITY,
    RELU,
    GELU,
    TANH,
    SIGMOID
  }

  /** Kinds of pooling. */
  enum Pool {
    MAX,
    AVERAGE
  }

  /** What it reads and writes. */
  Dataflow dataflow();

  /** The same with other gradients, one for each of its {@link Dataflow#targets}. */
  default Operation withGradients(List<Gradient> gradients) {
    return this;
  }

  /** The same on other tensor numbers; {@code tensor} keeps -1. */
  Operation renumber(IntUnaryOperator tensor);

  /**
   * The batch's samples as floats; bytes become {@code byte * scale[c] + shift[c]}, floats (no
   * scale) stay as they are.
   */
  record Input(int out, boolean bytes, float[] scale, float[] shift) implements Operation {
    @Override
    public Dataflow dataflow() {
      return new Dataflow(List.of(), out, -1, List.of(), List.of(), List.of(), false);
    }

    @Override
    public Input renumber(IntUnaryOperator tensor) {
      return new Input(tensor.applyAsInt(out), bytes, scale, shift);
    }

    /** Whether a byte of 0 becomes anything but 0. */
    public boolean shifts() {
      for (float s : shift) {
        if (s != 0) {
          return true;
        }
      }
      return false;
    }

    /** The same without the shift: a byte of 0 becomes 0. */
    public Input unshifted() {
      return new Input(out, bytes, scale, new float[shift.length]);
    }
  }

  /**
   * Convolution + bias + activation, and max-pooling by {@code pool} when above 1 ({@code saved}
   * then holds the choices).
   */
  record Conv2d(
      int in,
      int out,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      long weights,
      long bias,
      Activation activation,
      int pool,
      int saved,
      Gradient gradient)
      implements Operation {
    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(
          in, out, saved, Dataflow.activated(in, out, activation), gradient, true);
    }

    @Override
    public Conv2d withGradients(List<Gradient> gradients) {
      return change(in, out, activation, pool, saved, gradients.get(0));
    }

    @Override
    public Conv2d renumber(IntUnaryOperator tensor) {
      return change(
          tensor.applyAsInt(in),
          tensor.applyAsInt(out),
          activation,
          pool,
          tensor.applyAsInt(saved),
          gradient);
    }

    /** The same followed by an activation, and by max-pooling if {@code pool} is above 1. */
    public Conv2d fused(int newOut, Activation newActivation, int newPool, int newSaved) {
      return change(in, newOut, newActivation, newPool, newSaved, gradient);
    }

    private Conv2d change(int a, int b, Activation f, int p, int s, Gradient g) {
      return new Conv2d(
          a, b, kernelHeight, kernelWidth, stride, padding, weights, bias, f, p, s, g);
    }
  }

  /**
   * out = activation((in + shift) · Wᵀ + bias); {@code shift}, one a float of {@code in}, is empty
   * where there is none.
   */
  record Linear(
      int in,
      int out,
      long weights,
      long bias,
      Activation activation,
      Gradient gradient,
      float[] shift)
      implements Operation {
    /** A layer of its input as it is, before any fusion. */
    public Linear(int in, int out, long weights, long bias) {
      this(in, out, weights, bias, Activation.IDENTITY, Gradient.NONE, new float[0]);
    }

    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(in, out, -1, Dataflow.activated(in, out, activation), gradient, true);
    }

    @Override
    public Linear withGradients(List<Gradient> gradients) {
      return new Linear(in, out, weights, bias, activation, gradients.get(0), shift);
    }

    @Override
    public Linear renumber(IntUnaryOperator tensor) {
      return new Linear(
          tensor.applyAsInt(in),
          tensor.applyAsInt(out),
          weights,
          bias,
          activation,
          gradient,
          shift);
    }

    /** The same followed by an activation. */
    public Linear fused(int newOut, Activation newActivation) {
      return new Linear(in, newOut, weights, bias, newActivation, gradient, shift);
    }

    /** The same for an input that lacks this shift. */
    public Linear shifted(float[] newShift) {
      return new Linear(in, out, weights, bias, activation, gradient, newShift);
    }
  }

  /**
   * An activation that no operation before it could take along; gelu's backward pass reads its
   * input, others' the output.
   */
  record Activate(int in, int out, Activation activation, Gradient gradient) implements Operation {
    @Override
    public Dataflow dataflow() {
      List<Integer> kept = List.of(activation == Activation.GELU ? in : out);
      return Dataflow.chain(in, out, -1, kept, gradient, false);
    }

    @Override
    public Activate withGradients(List<Gradient> gradients) {
      return new Activate(in, out, activation, gradients.get(0));
    }

    @Override
    public Activate renumber(IntUnaryOperator tensor) {
      return new Activate(tensor.applyAsInt(in), tensor.applyAsInt(out), activation, gradient);
    }
  }

  /** Pooling with stride = kernel; {@code saved} holds the choices of max-pooling as bytes. */
  record Pool2d(
      int in, int out, Pool pool, int kernelHeight, int kernelWidth, int saved, Gradient gradient)
      implements Operation {
    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(in, out, saved, List.of(), gradient, false);
    }

    @Override
    public Pool2d withGradients(List<Gradient> gradients) {
      return new Pool2d(in, out, pool, kernelHeight, kernelWidth, saved, gradients.get(0));
    }

    @Override
    public Pool2d renumber(IntUnaryOperator tensor) {
      return new Pool2d(
          tensor.applyAsInt(in),
          tensor.applyAsInt(out),
          pool,
          kernelHeight,
          kernelWidth,
          tensor.applyAsInt(saved),
          gradient);
    }
  }

  /** {@code place} numbers the dropout layers from 0, so that no two draw the same mask. */
  record Dropout(int in, int out, double p, int place, Gradient gradient) implements Operation {
    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(in, out, -1, List.of(), gradient, false);
    }

    @Override
    public Dropout withGradients(List<Gradient> gradients) {
      return new Dropout(in, out, p, place, gradients.get(0));
    }

    @Override
    public Dropout renumber(IntUnaryOperator tensor) {
      return new Dropout(tensor.applyAsInt(in), tensor.applyAsInt(out), p, place, gradient);
    }
  }

  /** out = a + b. */
  record Add(int a, int b, int out, Gradient gradientA, Gradient gradientB) implements Operation {
    @Override
    public Dataflow dataflow() {
      return new Dataflow(
          List.of(a, b), out, -1, List.of(), List.of(a, b), List.of(gradientA, gradientB), false);
    }

    @Override
    public Add withGradients(List<Gradient> gradients) {
      return new Add(a, b, out, gradients.get(0), gradients.get(1));
    }

    @Override
    public Add renumber(IntUnaryOperator tensor) {
      return new Add(
          tensor.applyAsInt(a), tensor.applyAsInt(b), tensor.applyAsInt(out), gradientA, gradientB);
    }
  }

  /** The loss, the scores and the first gradient; the last operation of every plan. */
  record SoftmaxCrossEntropy(int logits, float labelSmoothing, Gradient gradient)
      implements Operation {
    @Override
    public Dataflow dataflow() {
      return new Dataflow(
          List.of(logits), -1, -1, List.of(logits), List.of(logits), List.of(gradient), false);
    }

    @Override
    public SoftmaxCrossEntropy withGradients(List<Gradient> gradients) {
      return new SoftmaxCrossEntropy(logits, labelSmoothing, gradients.get(0));
    }

    @Override
    public SoftmaxCrossEntropy renumber(IntUnaryOperator tensor) {
      return new SoftmaxCrossEntropy(tensor.applyAsInt(logits), labelSmoothing, gradient);
    }
  }
}
