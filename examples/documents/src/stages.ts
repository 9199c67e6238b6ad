import * as z from 'zod';
import { defineStage } from '@milepost/core';

// What Milepost records by itself is not declared: duration_seconds, status, error_type, traceback, ...

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

export const fetchStage = defineStage({
  name: 'fetch',
  config: z.object({
    scraper_type: z.literal('directory'),
    /** A directory is fetched as it is: of all years, and whatever the documents are. */
    all_years: z.boolean(),
    all_agendas: z.boolean(),
    input_directory: z.string(),
  }),
  success: z.object({
    total_pdfs: count,
    fetch_duration_per_pdf: seconds,
  }),
  error: z.object({
    url: z.url(),
    /** Only of what is fetched by HTTP. */
    http_status: z.int().optional(),
  }),
});

export const ocrStage = defineStage({
  name: 'ocr',
  config: z.object({
    backend: z.literal('tesseract'),
    /** How many pages of each document, from the first, are recognised; the others have their text layer alone. */
    pages_per_document: count,
    workers: count,
  }),
  success: z.object({
    pdf_name: z.array(z.string()),
    /** All pages of all documents. */
    // One number under the names of both readers: the record's and the logs'.
    total_pages: count,
    page_count: count,
    ocr_page_count: count,
    /** Rendering and recognition; missing where no page was recognised. */
    ocr_duration_per_page: seconds.optional(),
    /** Tesseract's mean, 0 to 100; missing where no page was recognised. */
    ocr_confidence: z.number().min(0).max(100).optional(),
  }),
  error: z.object({
    pdf_path: z.string(),
    pdf_name: z.string(),
    /** 0 where the document could not even be opened. */
    page_number: count,
    backend: z.literal('tesseract'),
  }),
});

export const compilationStage = defineStage({
  name: 'compilation',
  config: z.object({
    table_name: z.string(),
    extract_entities: z.boolean(),
    ignore_cache: z.boolean(),
  }),
  success: z.object({
    total_pages: count,
    /** Documents whose compiled text was there already. */
    cache_hits: count,
    cache_misses: count,
  }),
  error: z.object({
    txt_dir: z.string(),
    table_name: z.string(),
    page_count: count,
  }),
});

export const extractionStage = defineStage({
  name: 'extraction',
  config: z.object({
    extract_entities: z.boolean(),
    ignore_cache: z.boolean(),
  }),
  success: z.object({
    total_pages: count,
    entities_extracted: count,
    votes_extracted: count,
  }),
  error: z.object({
    page_file: z.string(),
    extraction_type: z.enum(['entities', 'votes']),
  }),
});

export const deployStage = defineStage({
  name: 'deploy',
  config: z.object({
    deploy_target: z.string(),
    database_path: z.string(),
  }),
  success: z.object({
    plugin_count: count,
    files_processed: count,
    /** Whether the same content had been deployed before. */
    unchanged: z.boolean(),
  }),
  error: z.object({
    /** Missing where no plugin was at work. */
    plugin_name: z.string().optional(),
    deploy_target: z.string(),
  }),
});

/** The stages of the pipeline in the order in which they run. */
export const STAGE_NAMES: readonly string[] = [
  fetchStage,
  ocrStage,
  compilationStage,
  extractionStage,
  deployStage,
].map((stage) => stage.name);
