import { type StageEnvelope } from '@milepost/core';
import { type DownloadedPdf } from './pipeline/download-pdf.ts';
import { type Selection } from './pipeline/scrape-site.ts';
import { type Backend } from './stages.ts';

// What the jobs are told. About their run they are told nothing here: that is in the envelope that each carries.

/** What a run is asked to do, in the data of each of its jobs. */
export interface Order extends Selection {
  /** Names the jobs of this run in their queues, and their sets in Redis. */
  readonly key: string;
  /** URL of the index. */
  readonly site: string;
  readonly backend: Backend;
  readonly extractEntities: boolean;
  readonly ignoreCache: boolean;
  /** Of the files of this run, absolute. */
  readonly directory: string;
  /** Of what is kept between runs, absolute. */
  readonly cacheDirectory: string;
  /** Absolute. */
  readonly deployTarget: string;
}

/** Of every job. */
export interface JobData {
  readonly order: Order;
}

/** Of `fetch_site_job`. */
export interface FetchSiteData extends JobData {
  /** What its first try had come to, when it began to spread the pages. */
  readonly spread?: { readonly pdfs: readonly DownloadedPdf[]; readonly ocr: StageEnvelope };
}

/** Of `ocr_page_job`, and of the coordinator. */
export interface OcrData extends JobData {
  /** The stage that the jobs share. */
  readonly ocr: StageEnvelope;
  /** Missing in the coordinator's. */
  readonly page?: {
    readonly pdf: DownloadedPdf;
    /** From 1. */
    readonly number: number;
  };
}
