package io.gradsieve.natives;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * How {@code gradsieve_cuda.h} becomes Java: all addresses, of the device and of the host, are
 * {@code long}; the shape of a convolution is a class. The other structures lie in device memory
 * alone. Read by the build only.
 */
@Properties(
    value =
        @Platform(value = "linux-x86_64", include = "gradsieve_cuda.h", library = "gradsieve_cuda"),
    target = "io.gradsieve.natives",
    global = "io.gradsieve.natives.CudaKernels")
public class CudaKernelsMapping implements InfoMapper {
  @Override
  public void map(InfoMap map) {
    map.putFirst(new Info("float").cast().valueTypes("float").pointerTypes("long"));
    map.putFirst(new Info("uint8_t").cast().valueTypes("byte").pointerTypes("long"));
    map.putFirst(new Info("int32_t").cast().valueTypes("int").pointerTypes("long"));
    map.putFirst(new Info("int64_t").cast().valueTypes("long").pointerTypes("long"));
    map.putFirst(new Info("double").cast().valueTypes("double").pointerTypes("long"));
    map.putFirst(new Info("void").cast().valueTypes("void").pointerTypes("long"));
    map.putFirst(new Info("char").valueTypes("byte").pointerTypes("String"));
    map.put(new Info("gs_cuda_conv2d").pointerTypes("CudaConv2dShape"));
    for (String structure : new String[] {"step", "sample", "outcome", "parameter"}) {
      map.put(
          new Info("gs_cuda_" + structure).skip().cast().valueTypes("long").pointerTypes("long"));
    }
  }
}
