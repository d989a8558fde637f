# One image for all services; the command picks which. It holds the release, as `npm install -g` puts it on a machine: one
# file for each program takes half the memory of the sources, and half the time to start.
FROM node:26.10.0-bookworm-slim AS release
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY bin bin
RUN npm ci --no-audit --no-fund
COPY . .
# The base image is Node.js 26 itself, so the packaged one goes.
RUN node scripts/release.ts \
  && npm install --global --omit=dev --no-audit --no-fund ./sotto-*.tgz \
  && rm -rf /usr/local/lib/node_modules/sotto/node_modules/node-*

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production SOTTO_HOME=/var/lib/sotto
WORKDIR /sotto
COPY --from=release /usr/local/lib/node_modules/sotto /sotto
# The volumes' mount points, owned by who will write there: a new volume takes its owner from the image.
RUN node bin/link-node.js && ln -s /sotto/bin/sotto /usr/local/bin/sotto \
  && cd /var/lib && install -d -o node -g node -m 755 sotto sotto/postgres \
  && cd sotto && install -d -o node -g node -m 700 auth directory directory-tls relay relay-tls keys auth-database directory-database relay-database
USER node
