package example;

import com.google.gson.Gson;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import roster.v1.GetCallerRequest;
import roster.v1.ProvisioningServiceGrpc;

/** What both programs here share: a channel, a token on every call, and what to do when a call fails. */
final class Connection implements AutoCloseable {
  private static final int ATTEMPTS = 5;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final ManagedChannel channel;
  private final Map<String, String> arguments;

  /** Every call over it carries the token. */
  final Channel calls;

  /** Reads "--name value" and "--name"; what is not said is in the defaults. */
  Connection(String[] line, Map<String, String> defaults) throws IOException {
    arguments = new HashMap<>(defaults);
    arguments.putIfAbsent("endpoint", "127.0.0.1:50051");
    arguments.putIfAbsent("token", System.getenv().getOrDefault("ROSTER_TOKEN", ""));
    for (int i = 0; i < line.length; i++) {
      boolean named = i + 1 < line.length && !line[i + 1].startsWith("--");
      arguments.put(line[i].substring(2), named ? line[++i] : "true");
    }
    if (argument("token").isEmpty()) {
      throw new IllegalArgumentException("a token is needed: --token or ROSTER_TOKEN");
    }
    String endpoint = argument("endpoint");
    NettyChannelBuilder builder = NettyChannelBuilder.forTarget(endpoint.replaceFirst("^https?://", ""));
    if (!endpoint.startsWith("https://")) {
      builder.usePlaintext();
    }
    // Published with the contract (GET /proto/service_config.json): the channel repeats reads by itself, and reads alone.
    channel = builder.defaultServiceConfig(serviceConfig()).enableRetry().build();
    calls = ClientInterceptors.intercept(channel, bearer(argument("token")));
  }

  String argument(String name) {
    return arguments.getOrDefault(name, "");
  }

  /** The organization to work in: as asked for, or the caller's own. */
  String organization() {
    var caller = ProvisioningServiceGrpc.newBlockingStub(calls).getCaller(GetCallerRequest.getDefaultInstance());
    System.out.printf("caller: home organization %s, scopes %s%n",
        caller.getOrganization().getId(), String.join(", ", caller.getScopesList()));
    return argument("organization").isEmpty() ? caller.getOrganization().getId() : argument("organization");
  }

  /** The contract's ErrorReason of a refused call, such as "NOT_FOUND": switch on this, never on the text. */
  static String reasonOf(StatusRuntimeException error) {
    var status = StatusProto.fromThrowable(error);
    for (var detail : status == null ? List.<com.google.protobuf.Any>of() : status.getDetailsList()) {
      try {
        if (detail.is(ErrorInfo.class) && detail.unpack(ErrorInfo.class).getDomain().equals("roster.v1")) {
          return detail.unpack(ErrorInfo.class).getReason();
        }
      } catch (InvalidProtocolBufferException damaged) {
        return "";
      }
    }
    return "";
  }

  /**
   * Sends a write until the server has answered it. The request_id that is in it makes that safe: whether or not the write was
   * done when the answer was lost, it is done once.
   */
  static <T> T write(Supplier<T> call) throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        return call.get();
      } catch (StatusRuntimeException error) {
        var code = error.getStatus().getCode();
        boolean lost = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
        if (!lost || attempt == ATTEMPTS) {
          throw error;
        }
        pause(100L << attempt);
      }
    }
  }

  /** Waits for at most this long: at random, so that clients do not come back all at once. */
  static void pause(long milliseconds) throws InterruptedException {
    Thread.sleep(ThreadLocalRandom.current().nextLong(milliseconds / 2, milliseconds + 1));
  }

  @Override
  public void close() throws InterruptedException {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
  }

  private static ClientInterceptor bearer(String token) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            headers.put(AUTHORIZATION, "Bearer " + token);
            super.start(listener, headers);
          }
        };
      }
    };
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> serviceConfig() throws IOException {
    try (var file = Connection.class.getResourceAsStream("/service_config.json")) {
      return new Gson().fromJson(new InputStreamReader(file, StandardCharsets.UTF_8), Map.class);
    }
  }
}
