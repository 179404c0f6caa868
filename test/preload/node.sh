# A node program with workers, native buffers and promises.
. test/preload/common
needs node
cat >"$temporary/work.js" <<'END'
const scale = Number(process.env.TEST_SCALE || 1);
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), zlib = require('zlib');
if (isMainThread) {
	const results = new Map();
	let left = 6;
	for (let i = 0; i < 6; i++) {
		const worker = new Worker(__filename, { workerData: i });
		worker.on('message', (text) => results.set(i, text));
		worker.on('exit', () => {
			if (--left === 0)
				for (let k = 0; k < 6; k++) console.log(k, results.get(k));
		});
	}
} else {
	const hash = crypto.createHash('sha256');
	for (let i = 0; i < 60 * scale; i++) {
		const buffer = Buffer.alloc(1000 * (i % 60 + 1), String(workerData * i));
		hash.update(zlib.inflateSync(zlib.deflateSync(buffer)));
		hash.update(JSON.stringify(Array.from({ length: 2000 }, (_, k) => ({ k, v: 'x' + k * i }))));
	}
	parentPort.postMessage(hash.digest('hex'));
}
END
same node "$temporary/work.js"
same node -e 'console.log(process.version, [..."halloc"].reverse().join(""))'
finish
