package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

class SharedMemoryTest {
  private static final int BYTES = 3 << 20;

  private static ByteBuffer view(SharedMemory memory) {
    return NativeMemory.view(memory.address(0, BYTES), BYTES);
  }

  private static Path file(SharedMemory memory) {
    return Path.of("/proc/self/fd/" + memory.place().file());
  }

  @Test
  void whatOneWritesTheOtherReads() {
    try (SharedMemory made = SharedMemory.create(BYTES);
        SharedMemory opened = SharedMemory.open(made.place())) {
      assertThat(opened.address(0, BYTES)).isNotEqualTo(made.address(0, BYTES));
      view(made).putLong(BYTES - Long.BYTES, 42);
      assertThat(view(opened).getLong(BYTES - Long.BYTES)).isEqualTo(42);
      assertThat(view(opened).getLong(0)).isZero();
    }
  }

  @Test
  void onlyItsUserMayHaveIt() throws IOException {
    try (SharedMemory made = SharedMemory.create(BYTES)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file(made))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void nobodyTakesItsPagesAway() throws IOException {
    try (SharedMemory made = SharedMemory.create(BYTES);
        RandomAccessFile file = new RandomAccessFile(file(made).toFile(), "rw")) {
      assertThatThrownBy(() -> file.setLength(1)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void anotherFileIsNotTakenForIt() {
    try (SharedMemory made = SharedMemory.create(BYTES)) {
      SharedMemory.Place at = made.place();
      SharedMemory.Place[] others = {
        new SharedMemory.Place(at.name() + "0", at.process(), at.file(), at.bytes()),
        new SharedMemory.Place(at.name(), at.process(), at.file(), at.bytes() - 1),
        new SharedMemory.Place(at.name(), at.process(), 0, at.bytes()),
        new SharedMemory.Place(at.name(), 1 << 30, at.file(), at.bytes()),
        new SharedMemory.Place("../" + at.name(), at.process(), at.file(), at.bytes())
      };
      for (SharedMemory.Place other : others) {
        assertThatThrownBy(() -> SharedMemory.open(other)).isInstanceOf(NativeException.class);
      }
    }
  }

  @Test
  void closedMemoryIsOpenedByNobodyAndStaysWhereItIs() {
    SharedMemory made = SharedMemory.create(BYTES);
    try (SharedMemory opened = SharedMemory.open(made.place())) {
      view(made).put(0, (byte) 7);
      made.close();
      made.close();
      assertThat(view(opened).get(0)).isEqualTo((byte) 7);
      assertThatThrownBy(() -> SharedMemory.open(made.place())).isInstanceOf(NativeException.class);
      assertThatThrownBy(() -> made.address(0, 1)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void moreThanThereCanBeIsRefused() {
    for (long bytes : new long[] {-1, 0, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> SharedMemory.create(bytes)).isInstanceOf(NativeException.class);
    }
  }
}
