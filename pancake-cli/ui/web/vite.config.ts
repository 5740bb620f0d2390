// The build: one page, hashed assets, and a compressed twin beside every text file.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Writes `.br` and `.gz` beside each text asset: compressing in an unoptimised build script is slow, here it is not. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(html|js|css|svg|json|txt)$/.test(file)) continue;
        const path = join(dir, file);
        const body = readFileSync(path);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        writeFileSync(`${path}.br`, brotliCompressSync(body, quality));
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
      }
    },
  };
}

const server = process.env.PANCAKE_URL ?? 'http://localhost:7070';

export default defineConfig({
  plugins: [svelte(), precompress()],
  build: { target: 'es2022', cssTarget: 'es2022', reportCompressedSize: false, assetsInlineLimit: 0 },
  server: { proxy: { '/api': { target: server, ws: true }, '/v2': server } },
});
