# Serves the brain in /brain: docker run -p 8765:8765 -e REVERIE_TOKEN=… -v /home/ana/pets:/brain reverie
FROM python:3.11-slim AS wheel
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY . /source
RUN pip wheel --no-deps --wheel-dir /wheels /source

FROM python:3.11-slim
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir "$(echo /wheels/reverie-*.whl)[serve,edge]" && rm -r /wheels \
 && useradd --create-home reverie
USER reverie
VOLUME /brain
EXPOSE 8765
# A token is needed, since others can reach the port: at least 16 characters in REVERIE_TOKEN.
ENTRYPOINT ["reverie", "brain", "serve", "/brain", "--host", "0.0.0.0"]
