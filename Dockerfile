# One image for both services; the command picks which. Node.js runs the TypeScript as it is, so nothing is built.
FROM node:26.10.0-bookworm-slim AS packages
WORKDIR /sotto
COPY package.json package-lock.json .npmrc ./
COPY bin bin
# The base image is Node.js 26 itself, so the packaged one goes; other optional packages are binaries for this platform.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node-linux-* && node bin/link-node.js && npm cache clean --force

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production SOTTO_HOME=/var/lib/sotto NODE_COMPILE_CACHE=/tmp/node-compile-cache
WORKDIR /sotto
COPY --from=packages /sotto /sotto
COPY cli cli
COPY clients clients
COPY gen gen
COPY lib lib
COPY proto proto
COPY services services
# The volumes' mount points, owned by who will write there: a new volume takes its owner from the image.
RUN ln -s /sotto/bin/sotto /usr/local/bin/sotto \
  && cd /var/lib && install -d -o node -g node -m 755 sotto sotto/postgres \
  && cd sotto && install -d -o node -g node -m 700 auth directory directory-tls keys auth-database directory-database
USER node
