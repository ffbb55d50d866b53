package io.gradsieve.data.reader;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Files that people have their data in and that are not read: what they are, and what to do. */
final class UnreadFormat {
  private static final String TO_CSV = ".to_csv('data.csv', index=False)";
  private static final String TO_NPZ = "numpy.savez('data.npz', x=x, y=y)";

  /** By endings of the name, the first that fits. */
  private static final Map<String, String> ADVICE = new LinkedHashMap<>();

  static {
    put("tsv tab tsv.gz", "separates cells by tabs", "pandas.read_csv(file, sep='\\t')" + TO_CSV);
    put("xlsx xls xlsm xlsb ods", "is a spreadsheet", "save its sheet as CSV (UTF-8)");
    put("parquet pq", "is Parquet", "pandas.read_parquet(file)" + TO_CSV);
    put("feather arrow ipc", "is Arrow", "pandas.read_feather(file)" + TO_CSV);
    put("jsonl ndjson", "is JSON lines", "pandas.read_json(file, lines=True)" + TO_CSV);
    put("json", "is JSON", "pandas.read_json(file)" + TO_CSV);
    put(
        "npy",
        "is one numpy array",
        "inputs and labels are needed together: numpy.savez('data.npz', x=numpy.load(file), y=y)");
    put(
        "pkl pickle joblib p",
        "is a pickle (reading one can run any code)",
        "write a table with .to_csv('data.csv', index=False), arrays with " + TO_NPZ);
    put(
        "h5 hdf5 hdf",
        "is HDF5",
        "a table: pandas.read_hdf(file)" + TO_CSV + ", arrays: h5py and " + TO_NPZ);
    put("mat", "is a MATLAB file", "scipy.io.loadmat(file), then " + TO_NPZ);
    put("arff", "is ARFF", "pandas.DataFrame(scipy.io.arff.loadarff(file)[0])" + TO_CSV);
    put("pt pth safetensors", "holds tensors", "load them, then " + TO_NPZ);
    put("tfrecord tfrecords", "is a TFRecord file", "read it with TensorFlow, then " + TO_NPZ);
    put("dta", "is a Stata file", "pandas.read_stata(file)" + TO_CSV);
    put("sav", "is an SPSS file", "pandas.read_spss(file)" + TO_CSV);
    put("sas7bdat xpt", "is a SAS file", "pandas.read_sas(file)" + TO_CSV);
    put("db sqlite sqlite3", "is a database", "pandas.read_sql(query, connection)" + TO_CSV);
    put("svm libsvm", "is LibSVM's format", "sklearn.datasets.load_svmlight_file, then " + TO_NPZ);
    put(
        "txt txt.gz data dat text",
        "is some text file by its name",
        "a table with a header line and commas must be called .csv");
    put(
        "tar tgz tar.gz tbz2 tar.bz2 txz tar.xz 7z rar csv.zip npz.gz",
        "is an archive that is not opened",
        "unpack it and name what is in it");
    put(
        "csv.bz2 csv.xz csv.zst",
        "is compressed in a way that is not read",
        "unpack it, or compress it with gzip");
    put(
        "png jpg jpeg webp bmp tif tiff gif",
        "is a single image",
        "name the directory that holds train/<class>/*.png");
    put("yaml yml", "is no data", "a model goes to --model, options to --config");
  }

  private UnreadFormat() {}

  private static void put(String endings, String what, String deed) {
    for (String ending : endings.split(" ")) {
      ADVICE.put("." + ending, what + ", which is not read as data; " + deed);
    }
  }

  /** What to say of a file by its name; empty for formats that are read, or unknown. */
  static Optional<String> advice(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return ADVICE.entrySet().stream()
        .filter(e -> name.endsWith(e.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }
}
