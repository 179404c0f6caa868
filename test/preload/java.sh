# A Java program of many threads and native buffers.
. test/preload/common
needs java javac
cat >"$temporary/Work.java" <<'END'
import java.nio.ByteBuffer;
import java.util.*;
import java.util.concurrent.*;
import java.util.zip.*;

public class Work {
	static long one(int seed) throws Exception {
		Random random = new Random(seed);
		long sum = 0;
		for (int i = 0; i < 60; i++) {
			ByteBuffer buffer = ByteBuffer.allocateDirect(1000 + random.nextInt(200000));
			while (buffer.remaining() >= 4)
				buffer.putInt(random.nextInt(50));
			byte[] bytes = new byte[buffer.position()];
			buffer.flip();
			buffer.get(bytes);
			Deflater deflater = new Deflater();
			deflater.setInput(bytes);
			deflater.finish();
			byte[] packed = new byte[bytes.length + 100];
			int length = deflater.deflate(packed);
			deflater.end();
			CRC32 crc = new CRC32();
			crc.update(packed, 0, length);
			sum += crc.getValue();
		}
		return sum;
	}
	public static void main(String[] args) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(8);
		List<Future<Long>> futures = new ArrayList<>();
		for (int i = 0; i < 24 * Integer.parseInt(args[0]); i++) {
			int seed = i;
			futures.add(pool.submit(() -> one(seed)));
		}
		for (Future<Long> future : futures)
			System.out.println(future.get());
		pool.shutdown();
	}
}
END
javac -d "$temporary" "$temporary/Work.java" || exit 1
same java -Xmx256m -cp "$temporary" Work "$scale"
finish
