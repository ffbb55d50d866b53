package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.data.reader.Samples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentHashTest {
  @TempDir Path directory;

  private static ContentHash hashed(boolean images, int channels, byte[]... samples) {
    SampleStore store = new SampleStore("t", samples.length, samples[0].length);
    for (int i = 0; i < samples.length; i++) {
      store.set(i, samples[i]);
    }
    return ContentHash.of(store, images, channels);
  }

  @Test
  void contentsOfEveryLengthThatDifferInOneBitDiffer() {
    for (int length = 1; length < 70; length++) {
      byte[][] samples = new byte[8 * length + 1][length];
      for (int bit = 0; bit < 8 * length; bit++) {
        samples[bit][bit / 8] = (byte) (1 << bit % 8);
      }
      ContentHash hash = hashed(false, 1, samples);
      Set<String> seen = new HashSet<>();
      IntStream.range(0, samples.length).forEach(i -> seen.add(hash.text(i)));
      assertThat(seen).hasSize(8 * length + 1);
    }
  }

  @Test
  void theHashIsMurmur3() {
    // MurmurHash3_x64_128 of "hello, world", seed 0, as published with the reference implementation
    byte[] text = "hello, world".getBytes(StandardCharsets.US_ASCII);
    assertThat(hashed(false, 1, text).text(0)).isEqualTo("342fac623a5ebc8e4cdcbc079642414d");
    assertThat(hashed(false, 1, new byte[1]).text(0)).hasSize(32);
  }

  @Test
  void aGreyImageIsTheSameInOneChannelAndInThree() {
    byte[] grey = {5, 0, 7, 9};
    byte[] thrice = {5, 5, 5, 0, 0, 0, 7, 7, 7, 9, 9, 9};
    byte[] coloured = {5, 5, 5, 0, 0, 0, 7, 7, 7, 9, 9, 8};
    ContentHash three = hashed(true, 3, thrice, coloured);
    assertThat(three.text(0)).isEqualTo(hashed(true, 1, grey).text(0));
    assertThat(three.text(1)).isNotEqualTo(three.text(0));
    // three features are no colours
    assertThat(hashed(false, 3, thrice).text(0)).isNotEqualTo(three.text(0));
  }

  @Test
  void imagesAreKnownAgainInOtherCompanyAndAsArrays() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int i = 0; i < 6; i++) {
      files.put("train/%s/%d.png".formatted(i % 2 == 0 ? "a" : "b", i), image(i, i == 3));
    }
    Dataset all = open("all", files);
    assertThat(all.shape().channels()).isEqualTo(3);
    files.remove("train/b/3.png");
    Dataset greys = open("greys", files);
    assertThat(greys.shape().channels()).isEqualTo(1);
    Map<String, String> contents = contents(all);
    assertThat(contents).containsAllEntriesOf(contents(greys)).hasSize(6);
    assertThat(new HashSet<>(contents.values())).hasSize(6);
    Path arrays = directory.resolve("all.npz");
    SubsetWriter.write("all", all, all.train(), arrays);
    Dataset again = DataSource.open(DataRequest.train(arrays.toString()));
    for (int i = 0; i < 6; i++) {
      assertThat(again.content(i)).isEqualTo(all.content(i));
    }
  }

  private static byte[] image(int key, boolean colours) throws IOException {
    return Samples.image("png", 4, 5, 10 * key, colours);
  }

  private Dataset open(String name, Map<String, byte[]> files) throws IOException {
    Path zip = Samples.write(directory.resolve(name + ".zip"), Samples.zip(files));
    return DataSource.open(DataRequest.train(zip.toString()));
  }

  private static Map<String, String> contents(Dataset data) {
    Map<String, String> contents = new LinkedHashMap<>();
    Arrays.stream(data.train()).forEach(i -> contents.put(data.id(i), data.content(i)));
    return contents;
  }

  @Test
  void otherLabelsLeaveTheContent() {
    Dataset digits = DataSource.open(DataRequest.train("digits"));
    Dataset bare = digits.relabelled(new int[0], java.util.List.of());
    assertThat(bare.content(7)).isEqualTo(digits.content(7));
  }
}
