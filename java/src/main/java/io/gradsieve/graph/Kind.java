package io.gradsieve.graph;

import java.util.Arrays;

/**
 * What a node computes: its attributes, and the traits by which a compiler orders and places it.
 * Values are [T][C], positions × channels; only operations on images know T as height × width. The
 * formulas stand at the functions of the same names in the native library's header.
 *
 * <p>To add one: a record here, its line in every backend, a layer in {@code nn.layer} that makes
 * nodes of it. No compiler knows kinds: it asks the traits below.
 */
public interface Kind {
  /** As everywhere: in the native library's header, its kernels and cases. */
  String name();

  /** Whether it costs so much that it never runs twice to save memory. */
  default boolean heavy() {
    return false;
  }

  /**
   * Whether it takes every position by itself. What is heavy too is a product with a matrix: it
   * wants many rows at once, and the gradient of its matrix is one sum over the whole batch.
   */
  default boolean rowByRow() {
    return false;
  }

  /** Whether running it again from its inputs gives the same output. */
  default boolean recomputable() {
    return !heavy();
  }

  /** Whether its output is its input seen in another shape, and no work at all. */
  default boolean view() {
    return false;
  }

  /** Whether its output, as a function of its inputs, is without kinks. */
  default boolean smooth() {
    return true;
  }

  /** Whether its backward pass reads the values of its inputs. */
  default boolean backwardReadsInputs() {
    return false;
  }

  /** Whether its backward pass reads the values of its output. */
  default boolean backwardReadsOutput() {
    return false;
  }

  /** Whether its backward pass gives this input a gradient, if anything before it is trained. */
  default boolean givesGradient(int input) {
    return true;
  }

  /** Element-wise functions; gelu is the exact one. */
  enum Function {
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

  /**
   * The batch's samples as floats; bytes become {@code byte · scale[c] + shift[c]}, floats (no
   * scale) stay as they are.
   */
  record Input(boolean bytes, float[] scale, float[] shift) implements Kind {
    @Override
    public String name() {
      return "input";
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

    @Override
    public boolean equals(Object other) {
      return other instanceof Input input
          && bytes == input.bytes
          && Arrays.equals(scale, input.scale)
          && Arrays.equals(shift, input.shift);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(scale) * 31 + Arrays.hashCode(shift);
    }
  }

  /** How an image lies in the positions of a value, and the window that moves over it. */
  record Window(int height, int width, int kernelHeight, int kernelWidth, int stride, int padding) {
    /** Rows of the result. */
    public int outputHeight() {
      return (height + 2 * padding - kernelHeight) / stride + 1;
    }

    /** Columns of the result. */
    public int outputWidth() {
      return (width + 2 * padding - kernelWidth) / stride + 1;
    }
  }

  /**
   * Convolution with zero padding; parameters: weight [out, in, kh, kw], and bias [out] or none.
   */
  record Conv2d(Window window) implements Kind {
    @Override
    public String name() {
      return "conv2d";
    }

    @Override
    public boolean heavy() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /**
   * out = in · Wᵀ + bias at every position; parameters: weight [out, in], and bias [out] or none.
   */
  record Linear() implements Kind {
    @Override
    public String name() {
      return "linear";
    }

    @Override
    public boolean heavy() {
      return true;
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /** An element-wise function; gelu's backward pass reads its input, others' the output. */
  record Activation(Function function) implements Kind {
    @Override
    public String name() {
      return "activation";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean smooth() {
      return function != Function.RELU;
    }

    @Override
    public boolean backwardReadsInputs() {
      return function == Function.GELU;
    }

    @Override
    public boolean backwardReadsOutput() {
      return function != Function.GELU;
    }
  }

  /**
   * Pooling by windows with stride = kernel over an image of height × width; max-pooling saves
   * which element it took, a byte each.
   */
  record Pool2d(Pool pool, int height, int width, int kernelHeight, int kernelWidth)
      implements Kind {
    @Override
    public String name() {
      return "pool2d";
    }

    @Override
    public boolean smooth() {
      return pool != Pool.MAX;
    }
  }

  /** {@code place} numbers the dropout layers from 0, so that no two draw the same mask. */
  record Dropout(double p, int place) implements Kind {
    @Override
    public String name() {
      return "dropout";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }
  }

  /** out = a + b. */
  record Add() implements Kind {
    @Override
    public String name() {
      return "add";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }
  }

  /** From an image to features in PyTorch's order: channel c of position t is feature c·T + t. */
  record Flatten() implements Kind {
    @Override
    public String name() {
      return "flatten";
    }

    @Override
    public boolean view() {
      return true;
    }
  }

  /**
   * Mean and variance of each channel over batch and positions, a value [2][C] of the batch; in
   * evaluation the running ones. Parameters: running mean and variance, [C] each. Its backward pass
   * turns the gradients of what was normalised with it into that of its input.
   */
  record BatchNormStatistics(float eps, float momentum) implements Kind {
    @Override
    public String name() {
      return "batchnorm_statistics";
    }

    @Override
    public boolean recomputable() {
      return false;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }

    @Override
    public boolean backwardReadsOutput() {
      return true;
    }
  }

  /**
   * Inputs x and its statistics: out = (x − mean) / √(variance + eps) · weight + bias, parameters
   * [C] each. The gradient of x goes by way of the statistics, all of it.
   */
  record BatchNormNormalize() implements Kind {
    @Override
    public String name() {
      return "batchnorm_normalize";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }

    @Override
    public boolean givesGradient(int input) {
      return input == 1;
    }
  }

  /**
   * Group norm over positions and the channels of a group; parameters weight and bias, [C] each;
   * saves mean and inverse deviation, [1][2 · groups].
   */
  record GroupNorm(int groups, float eps) implements Kind {
    @Override
    public String name() {
      return "groupnorm";
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /**
   * Layer norm over the channels of every position; parameters weight and bias, [C] each; saves
   * mean and inverse deviation, [T][2].
   */
  record LayerNorm(float eps) implements Kind {
    @Override
    public String name() {
      return "layernorm";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /**
   * Layer norm over the last axis of an image in PyTorch's order: each row of {@code width} pixels,
   * of each channel by itself; parameters weight and bias, [W] each; saves mean and inverse
   * deviation, [H][2 · C].
   */
  record RowNorm(int width, float eps) implements Kind {
    @Override
    public String name() {
      return "layernorm";
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /** The loss, the scores and the first gradient, at every position of its input, the logits. */
  record SoftmaxCrossEntropy(float labelSmoothing) implements Kind {
    @Override
    public String name() {
      return "softmax_cross_entropy";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }
}
