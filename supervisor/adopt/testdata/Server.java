import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

/** A server that knows nothing of anybody. */
public class Server {
	public static void main(String[] arguments) throws Exception {
		HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 5);
		server.createContext("/", exchange -> {
			byte[] body = "hello\n".getBytes();
			exchange.sendResponseHeaders(200, body.length);
			exchange.getResponseBody().write(body);
			exchange.close();
		});
		server.start();
	}
}
