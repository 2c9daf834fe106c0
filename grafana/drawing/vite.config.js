import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: process.env.DASHBOARDS,
  server: { host: '127.0.0.1', strictPort: true, proxy: { '/api': process.env.PROMETHEUS } },
  define: { 'process.env': {} },
});
