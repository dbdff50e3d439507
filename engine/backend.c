#include "backend.h"

void
rp_backend_free (RpBackend *backend)
{
  if (backend)
    backend->klass->free (backend);
}

RpBuffer *
rp_backend_buffer_new (RpBackend *backend, gsize size, RpBufferUse use, GError **error)
{
  return backend->klass->buffer_new (backend, size, use, error);
}

RpBuffer *
rp_backend_buffer_new_weights (RpBackend *backend, const void *data, gsize size, GError **error)
{
  return backend->klass->buffer_new_weights (backend, data, size, error);
}

void
rp_backend_buffer_free (RpBackend *backend, RpBuffer *buffer)
{
  if (buffer)
    backend->klass->buffer_free (backend, buffer);
}

gboolean
rp_backend_upload (RpBackend *backend, RpView to, const void *data, gsize size, GError **error)
{
  return backend->klass->upload (backend, to, data, size, error);
}

gboolean
rp_backend_download (RpBackend *backend, RpView from, void *data, gsize size, GError **error)
{
  return backend->klass->download (backend, from, data, size, error);
}

gboolean
rp_backend_prepare (RpBackend *backend, const RpOp *ops, gsize n_ops, GError **error)
{
  return backend->klass->prepare (backend, ops, n_ops, error);
}

gboolean
rp_backend_run (RpBackend *backend, const RpOp *ops, gsize n_ops, const RpCancel *cancel, GError **error)
{
  return backend->klass->run (backend, ops, n_ops, cancel, error);
}
