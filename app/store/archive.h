/* Conversations as files: JSON, which keeps the whole tree and can be read back, and Markdown, which is for reading.
 * Pure functions, good in any thread. */
#pragma once

#include "store/database.h"

G_BEGIN_DECLS

#define RIPOSTE_ARCHIVE_ERROR (riposte_archive_error_quark ())
GQuark riposte_archive_error_quark (void);

typedef enum
{
  RIPOSTE_ARCHIVE_ERROR_NOT_ONE, /* JSON, and no conversations of Riposte */
  RIPOSTE_ARCHIVE_ERROR_NEWER,   /* than this program knows to read */
  RIPOSTE_ARCHIVE_ERROR_INVALID, /* what it says cannot be */
  RIPOSTE_ARCHIVE_ERROR_TOO_LARGE,
} RiposteArchiveError;

/* Bytes of a file that is read. */
#define RIPOSTE_ARCHIVE_MAX_SIZE ((goffset)256 << 20)

/* A conversation with its messages, each after its parent. */
typedef struct
{
  RiposteChatRecord *chat;
  GPtrArray *messages; /* of RiposteRecord */
} RiposteArchivedChat;

/* Takes both. */
RiposteArchivedChat *riposte_archived_chat_new (RiposteChatRecord *chat, GPtrArray *messages);
void riposte_archived_chat_free (RiposteArchivedChat *chat);
/* Of RiposteRecord, owned by @chat: from the first to the head, or to the newest where there is none. */
GPtrArray *riposte_archived_chat_get_path (const RiposteArchivedChat *chat);

/* @chats: of RiposteArchivedChat. */
char *riposte_archive_to_json (GPtrArray *chats);

/**
 * riposte_archive_from_json:
 * @text: @length bytes from anywhere
 *
 * Either the whole file is sound or none of it is taken: ids are short, plain and unique, parents come before their
 * children (so there is no cycle), answers follow questions, text has bounds.
 *
 * Returns: (transfer full): of RiposteArchivedChat, or NULL with an error of RIPOSTE_ARCHIVE_ERROR or RIPOSTE_JSON_ERROR
 */
GPtrArray *riposte_archive_from_json (const char *text, gsize length, GError **error);

/* The path that is shown. Questions, which are plain text, are quoted; answers are Markdown already. */
char *riposte_archive_to_markdown (const RiposteArchivedChat *chat);
/* One after the other. */
char *riposte_archive_all_to_markdown (GPtrArray *chats);

/* What a file of @title may be called everywhere, without its suffix. */
char *riposte_archive_file_name (const char *title);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteArchivedChat, riposte_archived_chat_free)

G_END_DECLS
