package example;

import com.google.protobuf.FieldMask;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import roster.v1.Consistency;
import roster.v1.CreateGroupRequest;
import roster.v1.CreateUserRequest;
import roster.v1.DeleteGroupRequest;
import roster.v1.DeleteUserRequest;
import roster.v1.GetUserRequest;
import roster.v1.Group;
import roster.v1.GroupServiceGrpc;
import roster.v1.MemberDelta;
import roster.v1.ModifyGroupMembersRequest;
import roster.v1.MultiValue;
import roster.v1.PersonName;
import roster.v1.Precondition;
import roster.v1.PrincipalRef;
import roster.v1.StreamGroupMembersRequest;
import roster.v1.UpdateUserRequest;
import roster.v1.User;
import roster.v1.UserRef;
import roster.v1.UserServiceGrpc;
import roster.v1.WriteOptions;

/**
 * A tour of Roster's gRPC API: somebody is created, found, changed, put into a group and read back.
 *
 * <p>Works in an organization of yours without disturbing it: what it makes, it deletes.
 */
final class Quickstart {
  private final String organization;
  private final UserServiceGrpc.UserServiceBlockingStub users;
  private final GroupServiceGrpc.GroupServiceBlockingStub groups;

  private Quickstart(Connection connection) {
    organization = connection.organization();
    users = UserServiceGrpc.newBlockingStub(connection.calls);
    groups = GroupServiceGrpc.newBlockingStub(connection.calls);
  }

  public static void main(String[] line) throws Exception {
    try (var connection = new Connection(line, Map.of())) {
      new Quickstart(connection).tour();
    }
    System.out.println("deleted what was made; all as the contract says");
  }

  private void tour() throws InterruptedException {
    String domain = UUID.randomUUID() + ".example.com";
    // Should the answer be lost, the request is sent again, and its request_id makes that one user.
    var createAda = CreateUserRequest.newBuilder()
        .setOrganizationId(organization)
        .setUser(User.newBuilder()
            .setUserName("Ada.Lovelace@" + domain)
            .setName(PersonName.newBuilder().setGivenName("Ada").setFamilyName("Lovelace"))
            .addEmails(MultiValue.newBuilder().setValue("ada@" + domain).setType("work").setPrimary(true)))
        .setWrite(WriteOptions.newBuilder().setRequestId(UUID.randomUUID().toString()))
        .build();
    var created = Connection.write(() -> users.withDeadlineAfter(10, TimeUnit.SECONDS).createUser(createAda));
    User ada = created.getUser();
    try {
      System.out.printf("created %s as %s, version %s%n", ada.getUserName(), ada.getId(), ada.getMeta().getEtag());
      var again = Connection.write(() -> users.withDeadlineAfter(10, TimeUnit.SECONDS).createUser(createAda));
      expect(again.getUser().getId().equals(ada.getId()), "the same request_id made another user");
      System.out.println("sent again with its request_id: the same user");
      find(ada, domain, created.getCommittedAt().getToken());
      change(ada);
      refuse();
      fill(ada, domain);
    } finally {
      users.deleteUser(DeleteUserRequest.newBuilder().setOrganizationId(organization).setUserId(ada.getId()).build());
    }
  }

  /** Found by everything it is known by; on any node, once its token was seen there. */
  private void find(User ada, String domain, String token) {
    var references = new LinkedHashMap<String, UserRef>();
    references.put("userName, in another case", UserRef.newBuilder().setUserName("ADA.LOVELACE@" + domain.toUpperCase()).build());
    references.put("e-mail", UserRef.newBuilder().setEmail("ada@" + domain).build());
    references.forEach((name, reference) -> {
      var found = users.getUser(GetUserRequest.newBuilder()
          .setOrganizationId(organization)
          .setUser(reference)
          .setConsistency(Consistency.newBuilder().setAtLeastAsFresh(token))
          .build());
      expect(found.getUser().equals(ada), "by " + name + " another user came than the one created");
      System.out.println("found by " + name);
    });
  }

  /** A mask names what changes; nothing else does. */
  private void change(User ada) {
    var titled = users.updateUser(UpdateUserRequest.newBuilder()
        .setOrganizationId(organization)
        .setUser(User.newBuilder().setId(ada.getId()).setTitle("Countess"))
        .setUpdateMask(FieldMask.newBuilder().addPaths("title"))
        .setPrecondition(Precondition.newBuilder().addIfMatch(ada.getMeta().getEtag()))
        .build()).getUser();
    expect(titled.getTitle().equals("Countess") && titled.getName().equals(ada.getName()), "the mask changed something else");
    System.out.println("updated under if_match, now version " + titled.getMeta().getEtag());
  }

  /** Errors are for programs: a code, a stable reason, metadata. */
  private void refuse() {
    var nobody = GetUserRequest.newBuilder().setOrganizationId(organization).setUser(UserRef.newBuilder().setId("nobody")).build();
    try {
      users.getUser(nobody);
    } catch (StatusRuntimeException refused) {
      var code = refused.getStatus().getCode();
      expect(code == Status.Code.NOT_FOUND && Connection.reasonOf(refused).equals("NOT_FOUND"), refused.toString());
      System.out.printf("an unknown id answers %s, reason %s%n", code, Connection.reasonOf(refused));
      return;
    }
    throw new IllegalStateException("a user that is not there was found");
  }

  /** Members change by deltas; they are read as a stream. */
  private void fill(User ada, String domain) {
    var made = groups.createGroup(CreateGroupRequest.newBuilder()
        .setOrganizationId(organization)
        .setGroup(Group.newBuilder().setDisplayName("Engineers " + domain))
        .build()).getGroup();
    try {
      var added = groups.modifyGroupMembers(ModifyGroupMembersRequest.newBuilder()
          .setOrganizationId(organization)
          .setGroupId(made.getId())
          .addDeltas(MemberDelta.newBuilder()
              .setAction(MemberDelta.Action.ACTION_ADD)
              .setMember(PrincipalRef.newBuilder().setUserId(ada.getId())))
          .build());
      expect(added.getMembersAdded() == 1, "the delta answered " + added);
      var streamed = new ArrayList<String>();
      groups.streamGroupMembers(StreamGroupMembersRequest.newBuilder()
          .setOrganizationId(organization)
          .setGroupId(made.getId())
          .build()).forEachRemaining(chunk -> chunk.getMembersList().forEach(edge -> streamed.add(edge.getMember().getUserId())));
      expect(streamed.equals(List.of(ada.getId())), "the members were streamed as " + streamed);
      System.out.printf("added a member at revision %d, and streamed it%n", added.getCommittedAt().getNumber());
    } finally {
      groups.deleteGroup(DeleteGroupRequest.newBuilder().setOrganizationId(organization).setGroupId(made.getId()).build());
    }
  }

  private static void expect(boolean condition, String what) {
    if (!condition) {
      throw new IllegalStateException("quickstart: " + what);
    }
  }
}
