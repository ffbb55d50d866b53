package io.gradsieve.natives;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * How {@code gradsieve.h} becomes Java: addresses of memory are {@code long} (8 ns a call, no
 * object, no garbage), small tables that are copied are arrays, structures are classes. Read by the
 * build only.
 */
@Properties(
    value = @Platform(value = "linux-x86_64", include = "gradsieve.h", library = "gradsieve"),
    target = "io.gradsieve.natives",
    global = "io.gradsieve.natives.CpuLibrary")
public class CpuLibraryMapping implements InfoMapper {
  @Override
  public void map(InfoMap map) {
    map.putFirst(new Info("float").cast().valueTypes("float").pointerTypes("long"));
    map.putFirst(new Info("uint8_t").cast().valueTypes("byte").pointerTypes("long"));
    map.putFirst(new Info("uint16_t").cast().valueTypes("short").pointerTypes("long"));
    map.putFirst(new Info("int32_t").cast().valueTypes("int").pointerTypes("long"));
    map.putFirst(new Info("int64_t").cast().valueTypes("long").pointerTypes("long"));
    map.putFirst(new Info("double").cast().valueTypes("double").pointerTypes("long"));
    map.putFirst(new Info("void").cast().valueTypes("void").pointerTypes("long"));
    map.putFirst(new Info("char").valueTypes("byte").pointerTypes("String"));
    map.put(new Info("gs_conv2d").pointerTypes("Conv2dShape"));
    map.put(new Info("gs_update_rule").pointerTypes("UpdateParameters"));
    map.put(new Info("gs_point").pointerTypes("Point"));
    map.put(new Info("gs_step").pointerTypes("Step"));
    results(map);
  }

  /** Functions called while a step is built give their results in arrays. */
  private static void results(InfoMap map) {
    function(map, "gs_allocate(long bytes, @Cast(\"void**\") long[] memory)");
    function(
        map,
        "gs_shared_create(String name, long bytes, @Cast(\"void**\") long[] memory, int[] file)");
    function(
        map,
        "gs_shared_open(String name, long process, int file, long bytes,"
            + " @Cast(\"void**\") long[] memory)");
    function(
        map, "gs_tridiagonal_eigen(int n, double[] diagonal, double[] beside, double[] vectors)");
    function(map, "gs_symmetric_eigen(int n, double[] matrix, double[] values)");
    function(map, "gs_all_reduce(long count, long parts, @Cast(\"float*const*\") long[] part)");
    function(map, "gs_step_create(int threads, long capacity, int norms, @ByPtrPtr Step step)");
    function(
        map,
        "gs_step_tensor(Step step, long positions, long channels, long pitch, int storage, long offset,"
            + " int gradient_storage, long gradient_offset, int[] tensor)");
    function(
        map,
        "gs_step_operation(Step step, int count, @Const int[] inputs, @Const int[] gradients,"
            + " int output, int saved, int reads, @Const int[] read)");
    function(
        map, "gs_step_input(Step step, int element, @Const float[] scale, @Const float[] shift)");
    function(
        map,
        "gs_step_linear(Step step, long weights, long bias, int activation, @Const float[] shift)");
    function(
        map,
        "gs_step_batchnorm_statistics(Step step, long running_mean, long running_variance,"
            + " float eps, float momentum, int[] normalizer)");
    function(
        map,
        "gs_step_memory(Step step, @Cast(\"int64_t*\") long[] arena,"
            + " @Cast(\"int64_t*\") long[] scratch)");
    function(
        map,
        "gs_step_traffic(Step step, int segment, @Cast(\"int64_t*\") long[] forward,"
            + " @Cast(\"int64_t*\") long[] backward)");
  }

  private static void function(InfoMap map, String signature) {
    String name = signature.substring(0, signature.indexOf('('));
    map.put(new Info(name).javaText("public static native int " + signature + ";"));
  }
}
