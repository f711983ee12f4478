package example;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import roster.v1.ChangeServiceGrpc;
import roster.v1.GetRevisionsRequest;
import roster.v1.ResourceKind;
import roster.v1.WatchChangesRequest;

/**
 * Keeps a copy of an organization's users, groups and memberships that never misses a change.
 *
 * <p>The first run takes a snapshot and follows from there; every later one goes on where the last one ended, whatever happened
 * meanwhile: the resume token is stored in the step that stores what came with it.
 *
 * <p>{@code --state FILE} holds the copy; with {@code --once} the program ends when the copy is as new as the directory was at
 * the start; {@code --dump FILE} writes the copy there at the end, a line each.
 */
final class Cache {
  private static final List<ResourceKind> KINDS = List.of(
      ResourceKind.RESOURCE_KIND_USER, ResourceKind.RESOURCE_KIND_GROUP, ResourceKind.RESOURCE_KIND_MEMBERSHIP);
  /** The place is lost: too old, of a store that was restored, or not this organization's. Only a new snapshot helps. */
  private static final Set<String> LOST =
      Set.of("REVISION_COMPACTED", "EPOCH_CHANGED", "REVISION_UNKNOWN", "INVALID_TOKEN");

  private final ChangeServiceGrpc.ChangeServiceBlockingStub changes;
  private final String organization;
  private final Copy copy;
  private final long until;
  private int attempt;
  private long pause;

  private Cache(Connection connection, Copy copy) {
    this.copy = copy;
    organization = connection.organization();
    changes = ChangeServiceGrpc.newBlockingStub(connection.calls);
    until = connection.argument("once").isEmpty() ? Long.MAX_VALUE : changes.getRevisions(
        GetRevisionsRequest.newBuilder().setOrganizationId(organization).build()).getLatest().getNumber();
  }

  public static void main(String[] line) throws Exception {
    try (var connection = new Connection(line, Map.of("state", "directory.properties"))) {
      var copy = new Copy(Path.of(connection.argument("state")));
      new Cache(connection, copy).follow();
      var lines = copy.lines();
      System.out.printf("the copy is of revision %d: %d users, groups and members%n", copy.revision(), lines.size());
      if (!connection.argument("dump").isEmpty()) {
        Files.write(Path.of(connection.argument("dump")), lines);
      }
    }
  }

  /** Takes in what comes until the copy is new enough. */
  private void follow() throws IOException, InterruptedException {
    while (copy.revision() < until) {
      var request = WatchChangesRequest.newBuilder().setOrganizationId(organization).addAllKinds(KINDS);
      if (copy.resumeToken().isEmpty()) {
        System.out.println("beginning with a snapshot");
        request.setSnapshot(true);
      } else {
        System.out.println("going on after revision " + copy.revision());
        request.setResumeToken(copy.resumeToken());
      }
      pause = Math.min(10_000, 100L << Math.min(attempt++, 7));
      try {
        watch(request.build());
      } catch (StatusRuntimeException error) {
        if (LOST.contains(Connection.reasonOf(error))) {
          copy.forget();
          pause = 0;
        } else if (error.getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw error;
        }
      }
      if (copy.revision() < until) {
        Connection.pause(pause);
      }
    }
  }

  /** Reads one stream to its end, or until the copy is new enough. */
  private void watch(WatchChangesRequest request) throws IOException {
    // Ends the stream, however this method does.
    try (var stream = Context.current().withCancellation()) {
      var before = stream.attach();
      try {
        var messages = changes.watchChanges(request);
        while (copy.revision() < until && messages.hasNext()) {
          var message = messages.next();
          attempt = 0;
          copy.apply(message);
          if (message.hasEnding()) {
            var wait = message.getEnding().getRetryAfter();
            pause = wait.getSeconds() * 1000 + wait.getNanos() / 1_000_000;
          }
        }
      } finally {
        stream.detach(before);
      }
    }
  }
}
