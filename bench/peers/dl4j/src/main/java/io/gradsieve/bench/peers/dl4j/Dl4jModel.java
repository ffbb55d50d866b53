package io.gradsieve.bench.peers.dl4j;

import io.gradsieve.bench.peers.FashionMnist;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * The engine's built-in models as computation graphs, layer after layer. Channels come first: last
 * is no faster with oneDNN here, and then a step's results differ from those without it.
 */
final class Dl4jModel {
  private static final double RATE = 0.02;
  private static final double MOMENTUM = 0.9;
  private static final double DECAY = 5e-4;
  private static final String INPUT = "images";

  private final GraphBuilder graph;
  private String last = INPUT;
  private int layers;

  private Dl4jModel(InputType input) {
    graph =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .dataType(DataType.FLOAT)
            .optimizationAlgo(OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT)
            .trainingWorkspaceMode(WorkspaceMode.ENABLED)
            .convolutionMode(ConvolutionMode.Truncate)
            .weightInit(WeightInit.XAVIER)
            .updater(new Nesterovs(RATE, MOMENTUM))
            .l2(DECAY)
            .graphBuilder()
            .addInputs(INPUT)
            .setInputTypes(input);
  }

  /** The model, its parameters drawn. */
  static ComputationGraph of(String name) {
    Dl4jModel model =
        new Dl4jModel(
            isFlat(name)
                ? InputType.feedForward(FashionMnist.PIXELS)
                : InputType.convolutional(28, 28, 1));
    switch (name) {
      case "mlp" -> model.dense(512).dense(256);
      case "cnn" -> model.conv(32).pool().conv(64).pool().dense(128);
      case "resnet20" -> model.resnet20();
      default -> throw new IllegalArgumentException("unknown model " + name);
    }
    return model.build();
  }

  /** Whether the model takes rows of pixels, not pictures. */
  static boolean isFlat(String name) {
    return name.equals("mlp");
  }

  private void resnet20() {
    convNorm(16, 3, 1).relu();
    int before = 16;
    for (int channels : new int[] {16, 32, 64}) {
      for (int block = 0; block < 3; block++) {
        residual(before, channels);
        before = channels;
      }
    }
    layer(new GlobalPoolingLayer.Builder(PoolingType.AVG).build());
  }

  private void residual(int before, int channels) {
    int stride = before == channels ? 1 : 2;
    String input = last;
    convNorm(channels, 3, stride).relu().convNorm(channels, 3, 1);
    String body = last;
    last = input;
    if (before != channels) {
      convNorm(channels, 1, stride);
    }
    String sum = name();
    graph.addVertex(sum, new ElementWiseVertex(ElementWiseVertex.Op.Add), body, last);
    last = sum;
    relu();
  }

  private Dl4jModel convNorm(int channels, int kernel, int stride) {
    layer(
        new ConvolutionLayer.Builder(kernel, kernel)
            .stride(stride, stride)
            .padding(kernel / 2, kernel / 2)
            .nOut(channels)
            .hasBias(false)
            .activation(Activation.IDENTITY)
            .build());
    return layer(new BatchNormalization.Builder().useLogStd(false).build());
  }

  private Dl4jModel conv(int channels) {
    return layer(
        new ConvolutionLayer.Builder(3, 3)
            .padding(1, 1)
            .nOut(channels)
            .activation(Activation.RELU)
            .build());
  }

  private Dl4jModel pool() {
    return layer(
        new SubsamplingLayer.Builder(
                SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
            .build());
  }

  private Dl4jModel dense(int features) {
    return layer(new DenseLayer.Builder().nOut(features).activation(Activation.RELU).build());
  }

  private Dl4jModel relu() {
    return layer(new ActivationLayer(Activation.RELU));
  }

  private Dl4jModel layer(Layer layer) {
    String name = name();
    graph.addLayer(name, layer, last);
    last = name;
    return this;
  }

  private String name() {
    layers++;
    return "layer" + layers;
  }

  private ComputationGraph build() {
    layer(
        new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
            .nOut(FashionMnist.CLASSES)
            .activation(Activation.SOFTMAX)
            .build());
    ComputationGraph built = new ComputationGraph(graph.setOutputs(last).build());
    built.init();
    return built;
  }
}
