/* The interface's calls, each as an operation. */
#include "client.h"

static const struct skr_upstream_conditions no_conditions;

static const struct skr_upstream_conditions *skr_or_none(const struct skr_upstream_conditions *conditions)
{
    return conditions == NULL ? &no_conditions : conditions;
}

void skr_upstream_get(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                      const struct skr_upstream_get *options)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){
                           .kind = SKR_OP_GET, .key = options->key, .get = options, .conditions = options->conditions});
}

void skr_upstream_head(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       struct skr_bytes key, const struct skr_upstream_conditions *conditions)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){.kind = SKR_OP_HEAD, .key = key, .conditions = *skr_or_none(conditions)});
}

void skr_upstream_list(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       const struct skr_upstream_list *options)
{
    skr_transfer_begin(client, upstream, call, &(struct skr_upstream_operation){.kind = SKR_OP_LIST, .list = options});
}

void skr_upstream_list_containers(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                  struct skr_upstream_call *call, struct skr_bytes marker)
{
    struct skr_upstream_list list = {.marker = marker};
    skr_transfer_begin(client, upstream, call, &(struct skr_upstream_operation){.kind = SKR_OP_LIST_CONTAINERS, .list = &list});
}

void skr_upstream_create_container(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                   struct skr_upstream_call *call)
{
    skr_transfer_begin(client, upstream, call, &(struct skr_upstream_operation){.kind = SKR_OP_CREATE_CONTAINER});
}

void skr_upstream_delete_container(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                   struct skr_upstream_call *call)
{
    skr_transfer_begin(client, upstream, call, &(struct skr_upstream_operation){.kind = SKR_OP_DELETE_CONTAINER});
}

void skr_upstream_get_tags(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                           struct skr_bytes key)
{
    skr_transfer_begin(client, upstream, call, &(struct skr_upstream_operation){.kind = SKR_OP_GET_TAGS, .key = key});
}

void skr_upstream_put(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                      const struct skr_upstream_put *options)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){.kind = SKR_OP_PUT,
                                                        .key = options->key,
                                                        .body = &options->body,
                                                        .attributes = &options->attributes,
                                                        .conditions = options->conditions});
}

void skr_upstream_upload_begin(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key,
                               const struct skr_upstream_attributes *attributes)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){.kind = SKR_OP_BEGIN, .key = key, .attributes = attributes});
}

void skr_upstream_upload_part(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                              struct skr_bytes key, struct skr_bytes upload, unsigned number,
                              const struct skr_upstream_body *body)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){.kind = SKR_OP_PART, .key = key, .upload = upload, .number = number, .body = body});
}

void skr_upstream_upload_complete(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                  struct skr_upstream_call *call, const struct skr_upstream_complete *options)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){.kind = SKR_OP_COMPLETE,
                                                        .key = options->key,
                                                        .upload = options->upload,
                                                        .parts = options->parts,
                                                        .part_count = options->part_count,
                                                        .attributes = &options->attributes,
                                                        .conditions = options->conditions});
}

void skr_upstream_upload_abort(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key, struct skr_bytes upload)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){.kind = SKR_OP_ABORT, .key = key, .upload = upload});
}

void skr_upstream_delete(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                         struct skr_bytes key, const struct skr_upstream_conditions *conditions)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){.kind = SKR_OP_DELETE, .key = key, .conditions = *skr_or_none(conditions)});
}

void skr_upstream_set_metadata(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key,
                               const struct skr_upstream_attributes *attributes,
                               const struct skr_upstream_conditions *conditions)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){
            .kind = SKR_OP_SET_METADATA, .key = key, .attributes = attributes, .conditions = *skr_or_none(conditions)});
}

void skr_upstream_set_properties(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                 struct skr_upstream_call *call, struct skr_bytes key,
                                 const struct skr_upstream_attributes *attributes,
                                 const struct skr_upstream_conditions *conditions)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){
            .kind = SKR_OP_SET_PROPERTIES, .key = key, .attributes = attributes, .conditions = *skr_or_none(conditions)});
}

void skr_upstream_set_tags(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                           struct skr_bytes key, const struct skr_name_value *tags, size_t tag_count)
{
    skr_transfer_begin(
        client, upstream, call,
        &(struct skr_upstream_operation){.kind = SKR_OP_SET_TAGS, .key = key, .tags = tags, .tag_count = tag_count});
}

void skr_upstream_copy(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       const struct skr_upstream_copy *options)
{
    skr_transfer_begin(client, upstream, call,
                       &(struct skr_upstream_operation){.kind = SKR_OP_COPY,
                                                        .key = options->key,
                                                        .source = options->source,
                                                        .source_if_match = options->source_if_match,
                                                        .conditions = options->conditions});
}
