package example;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import roster.v1.ChangeEvent;
import roster.v1.PrincipalRef;
import roster.v1.WatchChangesResponse;

/** The copy, and how far it is: one file of properties, put in place whole. */
final class Copy {
  private final Path file;
  /** "user ID", "group ID" and "member GROUP MEMBER" with names, the resume token and the revision. */
  private final Properties kept = new Properties();

  Copy(Path file) throws IOException {
    this.file = file;
    if (Files.exists(file)) {
      try (var reader = Files.newBufferedReader(file)) {
        kept.load(reader);
      }
    }
  }

  /** Where to go on; empty at first. */
  String resumeToken() {
    return kept.getProperty("resume_token", "");
  }

  /** The revision the copy is of; -1 until its snapshot is complete. */
  long revision() {
    return Long.parseLong(kept.getProperty("revision", "-1"));
  }

  /** Takes a message in: what it says and its token are stored in one step, or not at all. */
  void apply(WatchChangesResponse message) throws IOException {
    switch (message.getMessageCase()) {
      case SNAPSHOT_CHUNK -> {
        var chunk = message.getSnapshotChunk();
        chunk.getUsersList().forEach(user -> kept.setProperty("user " + user.getId(), user.getUserName()));
        chunk.getGroupsList().forEach(group -> kept.setProperty("group " + group.getId(), group.getDisplayName()));
        chunk.getMembershipsList().forEach(edge -> kept.setProperty(key(edge.getGroupId(), edge.getMember()), ""));
      }
      case COMMIT -> {
        message.getCommit().getEventsList().forEach(this::take);
        // A large commit comes in fragments; it is there when the last one is.
        if (message.getCommit().getLastFragment()) {
          reach(message.getCommit().getRevision().getNumber());
        }
      }
      case SNAPSHOT_COMPLETE ->
          kept.setProperty("revision", Long.toString(message.getSnapshotComplete().getRevision().getNumber()));
      case CHECKPOINT -> reach(message.getCheckpoint().getRevision().getNumber());
      default -> { }
    }
    if (!message.getResumeToken().isEmpty()) {
      kept.setProperty("resume_token", message.getResumeToken());
    }
    store();
  }

  /** Begins anew. */
  void forget() throws IOException {
    kept.clear();
    store();
  }

  /** The copy as text, for comparing. */
  List<String> lines() {
    return Stream.of("user ", "group ", "member ")
        .flatMap(kind -> kept.stringPropertyNames().stream()
            .filter(key -> key.startsWith(kind))
            .map(key -> (key + " " + kept.getProperty(key)).strip())
            .sorted())
        .toList();
  }

  private void reach(long revision) {
    if (revision() >= 0) {
      kept.setProperty("revision", Long.toString(revision));
    }
  }

  private void take(ChangeEvent event) {
    boolean ended = event.getAction() == ChangeEvent.Action.ACTION_SOFT_DELETED
        || event.getAction() == ChangeEvent.Action.ACTION_PURGED;
    switch (event.getKind()) {
      case RESOURCE_KIND_MEMBERSHIP -> {
        String edge = key(event.getMembership().getGroupId(), event.getMembership().getMember());
        if (event.getAction() == ChangeEvent.Action.ACTION_REMOVED) {
          kept.remove(edge);
        } else {
          kept.setProperty(edge, "");
        }
      }
      case RESOURCE_KIND_USER -> {
        if (ended) {
          kept.remove("user " + event.getResourceId());
        } else if (event.getUser().hasAfter()) {
          kept.setProperty("user " + event.getResourceId(), event.getUser().getAfter().getUserName());
        }
      }
      case RESOURCE_KIND_GROUP -> {
        if (ended) {
          kept.remove("group " + event.getResourceId());
        } else if (event.getGroup().hasAfter()) {
          kept.setProperty("group " + event.getResourceId(), event.getGroup().getAfter().getDisplayName());
        }
      }
      default -> { }
    }
  }

  /** A whole new file in place of the old one. A service keeps its copy in a database, and both in one transaction. */
  private void store() throws IOException {
    Path written = Path.of(file + ".new");
    try (var writer = Files.newBufferedWriter(written)) {
      kept.store(writer, null);
    }
    try (var channel = FileChannel.open(written, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String key(String group, PrincipalRef member) {
    return "member " + group + " " + member.getUserId() + member.getGroupId() + member.getServiceAccountId();
  }
}
