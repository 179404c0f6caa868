# Python with every object from malloc: a program of dictionaries, threads and big integers.
. test/preload/common
needs /usr/bin/python3
cat >"$temporary/work.py" <<'END'
import collections, hashlib, json, threading, zlib
out = {}
def work(n):
    words = ["w%d" % (i * 7919 % (n * 101 + 1009)) for i in range(40000)]
    counts = collections.Counter(words)
    text = json.dumps(sorted(counts.items())).encode()
    out[n] = hashlib.sha256(zlib.decompress(zlib.compress(text))).hexdigest()
threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
for n in sorted(out): print(n, out[n])
print(len(str(3 ** 100000)), sum(len(x) for x in (b"%d" % i * 100 for i in range(20000))))
try:
    bytearray(1 << 60)
except MemoryError:
    print("MemoryError")
END
export PYTHONMALLOC=malloc
same /usr/bin/python3 "$temporary/work.py"
same /usr/bin/python3 -X dev -c 'print([i ** 2 for i in range(10)])'
finish
