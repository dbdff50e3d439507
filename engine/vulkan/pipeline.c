/* Compute pipelines, by shader and specialization constants, and their cache on disk.
 *
 * The cache file is a header of ours, then what the driver gave. Drivers look at their own header only, and some
 * crash on what follows if it is damaged; so the file has a checksum, and is written beside and renamed.
 */
#include "vulkan-private.h"

#include <string.h>

typedef struct
{
  const char *name;
  gint type;
  const guint32 *words;
  gsize size;
} RpVkShader;

#include "shaders.h"

static const char *const shader_names[RP_VK_N_SHADERS] = {
  [RP_VK_ADD] = "add",
  [RP_VK_ATTENTION] = "attention",
  [RP_VK_ATTENTION_MERGE] = "attention-merge",
  [RP_VK_COMBINE] = "combine",
  [RP_VK_COPY] = "copy",
  [RP_VK_EMBED] = "embed",
  [RP_VK_GLU] = "glu",
  [RP_VK_GROUP_EXPERTS] = "group-experts",
  [RP_VK_MATMUL] = "matmul",
  [RP_VK_MATMUL_LANES] = "matmul-lanes",
  [RP_VK_MATVEC] = "matvec",
  [RP_VK_NORM] = "norm",
  [RP_VK_ROPE] = "rope",
  [RP_VK_ROUTE] = "route",
  [RP_VK_SCALE] = "scale",
  [RP_VK_STORE_KV] = "store-kv",
};

static const RpVkShader *
find_shader (RpVkShaderId id, gint type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shaders); i++)
    if (shaders[i].type == type && strcmp (shaders[i].name, shader_names[id]) == 0)
      return &shaders[i];
  return NULL;
}

gboolean
rp_vk_has_shader (RpVkShaderId shader, gint type)
{
  return find_shader (shader, type) != NULL;
}

/* ---- the cache on disk ---- */

#define MAGIC   "RpVkCache1\n"
#define DIGEST  32
#define HEADER  (sizeof MAGIC - 1 + DIGEST)
#define MAXIMUM ((gsize)256 << 20)

/* $XDG_CACHE_HOME/riposte/vulkan-DEVICE-DRIVER-UUID.cache; NULL where there is no such folder. */
static char *
cache_path (const RpVkAdapter *adapter)
{
  const char *folder = g_get_user_cache_dir ();
  g_autoptr (GString) name = g_string_new (NULL);

  if (!folder || !g_path_is_absolute (folder))
    return NULL;
  g_string_printf (name, "vulkan-%04x-%04x-%08x-", adapter->vendor, adapter->device, adapter->driver_version);
  for (guint i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (name, "%02x", adapter->cache_uuid[i]);
  g_string_append (name, ".cache");
  return g_build_filename (folder, "riposte", name->str, NULL);
}

static void
digest_of (const guint8 *data, gsize size, guint8 digest[DIGEST])
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST;

  g_checksum_update (checksum, data, (gssize)size);
  g_checksum_get_digest (checksum, digest, &length);
}

/* What the driver gave, in *contents; NULL for a file that is missing, damaged or of another driver. */
static const guint8 *
load_cache (const RpVkBackend *self, char **contents, gsize *size)
{
  guint8 digest[DIGEST];
  const guint8 *data;
  VkPipelineCacheHeaderVersionOne header;

  if (!self->pipelines.path || !g_file_get_contents (self->pipelines.path, contents, size, NULL)
      || *size < HEADER + sizeof header || *size > MAXIMUM || memcmp (*contents, MAGIC, sizeof MAGIC - 1) != 0)
    return NULL;
  data = (const guint8 *)*contents + HEADER;
  *size -= HEADER;
  digest_of (data, *size, digest);
  memcpy (&header, data, sizeof header);
  if (memcmp (digest, data - DIGEST, DIGEST) != 0 || header.headerVersion != VK_PIPELINE_CACHE_HEADER_VERSION_ONE
      || header.vendorID != self->adapter->vendor || header.deviceID != self->adapter->device
      || memcmp (header.pipelineCacheUUID, self->adapter->cache_uuid, VK_UUID_SIZE) != 0)
    return NULL;
  return data;
}

void
rp_vk_pipelines_save (RpVkBackend *self)
{
  g_autofree guint8 *contents = NULL;
  g_autofree char *folder = NULL;
  gsize size = 0;

  if (!self->pipelines.changed || !self->pipelines.path || self->lost
      || self->vk.GetPipelineCacheData (self->device, self->pipelines.cache, &size, NULL) != VK_SUCCESS || size == 0
      || size > MAXIMUM)
    return;
  contents = g_try_malloc (HEADER + size);
  if (!contents
      || self->vk.GetPipelineCacheData (self->device, self->pipelines.cache, &size, contents + HEADER) != VK_SUCCESS)
    return;
  memcpy (contents, MAGIC, sizeof MAGIC - 1);
  digest_of (contents + HEADER, size, contents + HEADER - DIGEST);
  folder = g_path_get_dirname (self->pipelines.path);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    g_file_set_contents_full (self->pipelines.path, (const char *)contents, (gssize)(HEADER + size),
                              G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
  self->pipelines.changed = FALSE;
}

/* ---- pipelines ---- */

static guint
key_hash (gconstpointer key)
{
  const guint32 *words = key;
  guint hash = 5381;

  for (gsize i = 0; i < sizeof (RpVkPipelineKey) / sizeof *words; i++)
    hash = hash * 33 + words[i];
  return hash;
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (RpVkPipelineKey)) == 0;
}

gboolean
rp_vk_pipelines_init (RpVkBackend *self, GError **error)
{
  RpVkPipelines *pipelines = &self->pipelines;
  const VkPushConstantRange range = { VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof (((RpVkDispatch *)0)->push) };
  const VkPipelineLayoutCreateInfo layout = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .pushConstantRangeCount = 1,
    .pPushConstantRanges = &range,
  };
  VkPipelineCacheCreateInfo cache = { .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO };
  g_autofree char *contents = NULL;
  gsize size = 0;

  pipelines->table = g_hash_table_new_full (key_hash, key_equal, g_free, NULL);
  pipelines->path = cache_path (self->adapter);
  cache.pInitialData = load_cache (self, &contents, &size);
  cache.initialDataSize = cache.pInitialData ? size : 0;
  if (self->vk.CreatePipelineCache (self->device, &cache, NULL, &pipelines->cache) != VK_SUCCESS)
    {
      cache.initialDataSize = 0;
      if (!rp_vk_check (self, self->vk.CreatePipelineCache (self->device, &cache, NULL, &pipelines->cache),
                        "making a pipeline cache", error))
        return FALSE;
    }
  return rp_vk_check (self, self->vk.CreatePipelineLayout (self->device, &layout, NULL, &pipelines->layout),
                      "making a pipeline layout", error);
}

void
rp_vk_pipelines_clear (RpVkBackend *self)
{
  RpVkPipelines *pipelines = &self->pipelines;
  GHashTableIter iter;
  gpointer pipeline;

  if (!pipelines->table)
    return;
  g_hash_table_iter_init (&iter, pipelines->table);
  while (g_hash_table_iter_next (&iter, NULL, &pipeline))
    self->vk.DestroyPipeline (self->device, (VkPipeline)pipeline, NULL);
  g_clear_pointer (&pipelines->table, g_hash_table_unref);
  g_clear_pointer (&pipelines->path, g_free);
  self->vk.DestroyPipelineLayout (self->device, pipelines->layout, NULL);
  self->vk.DestroyPipelineCache (self->device, pipelines->cache, NULL);
}

static gboolean
create (RpVkBackend *self, const RpVkPipelineKey *key, VkPipeline *pipeline, GError **error)
{
  const RpVkShader *shader = find_shader ((RpVkShaderId)key->shader, key->type);
  VkShaderModuleCreateInfo module_info = { .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO };
  VkSpecializationMapEntry entries[RP_VK_MAX_CONSTANTS];
  const VkSpecializationInfo constants = { RP_VK_MAX_CONSTANTS, entries, sizeof key->constants, key->constants };
  const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo size = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
    .requiredSubgroupSize = self->adapter->subgroup_size,
  };
  VkComputePipelineCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
    .stage = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
      .pNext = self->adapter->has_subgroup_size ? &size : NULL,
      .flags = self->adapter->has_subgroup_size ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
      .stage = VK_SHADER_STAGE_COMPUTE_BIT,
      .pName = "main",
      .pSpecializationInfo = &constants,
    },
    .layout = self->pipelines.layout,
  };
  VkResult result;

  g_assert (shader);
  for (guint i = 0; i < RP_VK_MAX_CONSTANTS; i++)
    entries[i] = (VkSpecializationMapEntry){ i, i * sizeof (guint32), sizeof (guint32) };
  module_info.codeSize = shader->size;
  module_info.pCode = shader->words;
  if (!rp_vk_check (self, self->vk.CreateShaderModule (self->device, &module_info, NULL, &info.stage.module),
                    "making a shader", error))
    return FALSE;
  result = self->vk.CreateComputePipelines (self->device, self->pipelines.cache, 1, &info, NULL, pipeline);
  self->vk.DestroyShaderModule (self->device, info.stage.module, NULL);
  return rp_vk_check (self, result, "making a pipeline", error);
}

VkPipeline
rp_vk_pipeline_get (RpVkBackend *self, const RpVkPipelineKey *key, gboolean create_it, GError **error)
{
  VkPipeline pipeline = g_hash_table_lookup (self->pipelines.table, key);

  if (pipeline)
    return pipeline;
  if (!create_it)
    {
      g_set_error_literal (error, RP_ERROR, RP_ERROR_ARGUMENT, "The operations were not prepared");
      return VK_NULL_HANDLE;
    }
  if (!create (self, key, &pipeline, error))
    return VK_NULL_HANDLE;
  g_hash_table_insert (self->pipelines.table, g_memdup2 (key, sizeof *key), pipeline);
  self->pipelines.changed = TRUE;
  return pipeline;
}
