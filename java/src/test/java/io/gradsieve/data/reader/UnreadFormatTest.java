package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnreadFormatTest {
  @TempDir Path temp;

  private void refused(String name, String content, String... parts) throws Exception {
    byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
    String file = Samples.write(temp.resolve(name), bytes).toString();
    for (DataRequest request :
        new DataRequest[] {DataRequest.train(file), DataRequest.train(file).withLabel("label")}) {
      assertThatThrownBy(() -> DataSource.open(request))
          .as(name)
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith(file)
          .hasMessageContainingAll(parts);
    }
  }

  @Test
  void filesOfOtherProgramsSayWhatTheyAreAndWhatToDoWithOrWithoutALabel() throws Exception {
    refused("t.tsv", "a\tlabel\n1\tx\n", "tabs", "sep='\\t'", ".csv");
    refused("T.XLSX", "PK\3\4", "spreadsheet", "CSV");
    refused("t.xls", "\u00d0\u00cf", "spreadsheet", "CSV");
    refused("t.parquet", "PAR1", "Parquet", "read_parquet");
    refused("t.feather", "ARROW1", "Arrow", "read_feather");
    refused("t.json", "[]", "JSON", "read_json");
    refused("t.jsonl", "{}", "lines=True");
    refused("t.txt", "a,label\n", ".csv");
    refused("t.pkl", "\u0080", "pickle", "savez");
    refused("t.h5", "\u0089HDF", "HDF5");
    refused("t.npy", "\u0093NUMPY", "savez");
    refused("t.mat", "MATLAB", "loadmat");
    refused("t.arff", "@relation", "loadarff");
    refused("t.pt", "PK\3\4", "tensors", "savez");
    refused("t.tar.gz", "", "archive", "unpack");
    refused("t.png", "", "single image", "directory");
    refused("t.bin", "??", "none of the formats read", ".npz");
  }

  @Test
  void aWorkbookThatIsNamedCsvIsNone() throws Exception {
    refused("t.csv", "PK\3\4", "Excel", "CSV");
  }

  @Test
  void aDirectoryOfTablesNamesTheTable() throws Exception {
    Samples.write(temp.resolve("d/train.csv"), new byte[0]);
    assertThatThrownBy(() -> DataSource.open(DataRequest.train(temp.resolve("d").toString())))
        .isInstanceOf(BadData.class)
        .hasMessageContainingAll("directory", "train.csv");
  }
}
