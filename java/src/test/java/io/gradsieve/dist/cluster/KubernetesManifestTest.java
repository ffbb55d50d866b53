package io.gradsieve.dist.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code deploy/kubernetes.yaml} is what Kubernetes takes, and what a worker there understands. */
class KubernetesManifestTest {
  private static final Path FILE = Path.of("../deploy/kubernetes.yaml");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static List<JsonNode> documents(String yaml) throws IOException {
    try (MappingIterator<JsonNode> all =
        new YAMLMapper().readerFor(JsonNode.class).readValues(yaml)) {
      return all.readAll();
    }
  }

  /** As the model has it; it keeps what it does not know apart, which we look for. */
  private static <T> T read(JsonNode document, Class<T> kind) throws IOException {
    T read = JSON.treeToValue(document, kind);
    assertThat(unknown(read, kind.getSimpleName())).as("unknown fields").isEmpty();
    return read;
  }

  private static List<String> unknown(Object value, String where) {
    List<String> found = new ArrayList<>();
    if (value instanceof Iterable<?> all) {
      all.forEach(each -> found.addAll(unknown(each, where)));
    } else if (value != null && value.getClass().getName().startsWith("io.fabric8.")) {
      for (var method : value.getClass().getMethods()) {
        boolean reads = method.getName().startsWith("get") && method.getParameterCount() == 0;
        if (!reads || method.getName().equals("getClass")) {
          continue;
        }
        try {
          Object part = method.invoke(value);
          if (method.getName().equals("getAdditionalProperties")) {
            ((Map<?, ?>) part).keySet().forEach(key -> found.add(where + "." + key));
          } else {
            found.addAll(unknown(part, where + "." + method.getName().substring(3)));
          }
        } catch (ReflectiveOperationException e) {
          throw new AssertionError(e);
        }
      }
    }
    return found;
  }

  @Test
  void theServiceAndTheJobAreWhatTheirModelsKnow() throws IOException {
    List<JsonNode> documents = documents(Files.readString(FILE));
    assertThat(documents).hasSize(2);
    Service service = read(documents.get(0), Service.class);
    Job job = read(documents.get(1), Job.class);
    PodSpec pod = job.getSpec().getTemplate().getSpec();
    assertThat(service.getSpec().getClusterIP()).isEqualTo("None");
    assertThat(service.getSpec().getSelector())
        .containsEntry("job-name", job.getMetadata().getName());
    assertThat(pod.getSubdomain()).isEqualTo(service.getMetadata().getName());
    assertThat(job.getSpec().getCompletionMode()).isEqualTo("Indexed");
    assertThat(job.getSpec().getCompletions()).isEqualTo(job.getSpec().getParallelism());
  }

  @Test
  void aPodOfItFindsItsPlace() throws IOException {
    Job job = read(documents(Files.readString(FILE)).get(1), Job.class);
    Map<String, String> environment = new HashMap<>();
    for (EnvVar variable : job.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv()) {
      environment.put(variable.getName(), variable.getValue());
    }
    environment.put("JOB_COMPLETION_INDEX", "2");
    environment.put("HOSTNAME", job.getMetadata().getName() + "-2");
    Place place = Launchers.find(environment).orElseThrow();
    assertThat(place.rank()).isEqualTo(2);
    assertThat(place.world()).isEqualTo(job.getSpec().getCompletions());
    assertThat(place.master().host()).isEqualTo("fashion-0.fashion-workers");
  }

  @Test
  void aFieldThatThereIsNotIsNoticed() throws IOException {
    String misspelt = Files.readString(FILE).replace("completionMode", "completionsMode");
    JsonNode job = documents(misspelt).get(1);
    assertThatThrownBy(() -> read(job, Job.class)).hasMessageContaining("completionsMode");
  }
}
